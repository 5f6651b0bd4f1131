// How every linear walks its output, and linear_f32; compiled once per target.
// Included only by kernels/targets/*.cc, which name the target; hence no guard.

namespace parrotlet::SIMD_TARGET {

// `count` tiles of columns from the beginning of a strip on, kTiles at a time, then the rest by
// halves.
template <typename Kernel, int kRows, int kTiles>
void LinearTiles(const LinearArgs& args, int m, int tile, int count) {
  static_assert(kStripTiles % kTiles == 0, "tiles at once are of one strip, or strips of one");
  const int end = tile + count / kTiles * kTiles;
  if (tile < end) Kernel::template Run<kRows, kTiles>(args, m, tile, end);
  if constexpr (kTiles > 1) LinearTiles<Kernel, kRows, kTiles / 2>(args, m, end, count % kTiles);
}

// Turns `rows`, at most kRows, into a template argument.
template <typename Kernel, int kRows>
void LinearRows(const LinearArgs& args, int m, int rows, int tile, int count) {
  if constexpr (kRows > 1) {
    if (rows < kRows) return LinearRows<Kernel, kRows - 1>(args, m, rows, tile, count);
  }
  LinearTiles<Kernel, kRows, Kernel::Tiles(kRows)>(args, m, tile, count);
}

// Kernel::Run<rows, tiles>(args, m, tile, end) for all of the output. Rows are cut into tiles as
// equal as can be; they go inside, so that a block of weights is fetched once and then read from
// the cache. Where all rows are one tile there is nothing to read again, and no block.
template <typename Kernel>
void Linear(const LinearArgs& args) {
  const int tiles = args.weight->padded_cols() / kTileCols;
  const int block = args.rows > kMaxRows ? kBlockTiles : tiles;
  static_assert(kBlockTiles % kStripTiles == 0, "a block is of whole strips");
  for (int tile = 0; tile < tiles; tile += block) {
    const int count = tiles - tile < block ? tiles - tile : block;
    int left = (args.rows + kMaxRows - 1) / kMaxRows;
    for (int m = 0, rows; m < args.rows; m += rows, --left) {
      rows = (args.rows - m + left - 1) / left;
      LinearRows<Kernel, kMaxRows>(args, m, rows, tile, count);
      ActivateStored(args, m, rows, tile, count);
    }
  }
}

struct FloatLinear {
  static constexpr int Tiles(int rows) { return FloatTiles(rows); }

  template <int kRows, int kTiles>
  static void Run(const LinearArgs& args, int m, int tile, int end) {
    for (; tile < end; tile += kTiles) RunTiles<kRows, kTiles>(args, m, tile);
  }

  template <int kRows, int kTiles>
  static void RunTiles(const LinearArgs& args, int m, int tile) {
    const int depth = args.weight->depth;
    const TileLines lines = args.weight->code_layout().Of(tile);
    const size_t next = lines.next / sizeof(float), beside = lines.beside / sizeof(float);
    const float* weight =
        static_cast<const float*>(args.weight->codes) + lines.first / sizeof(float);
    const float* in = args.in + size_t(m) * args.in_stride;

    F32 sum[kRows][kTiles];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int t = 0; t < kTiles; ++t) sum[r][t] = Splat(0);
    }
    for (int k = 0; k < depth; ++k, weight += next) {
      F32 column[kTiles];
#pragma GCC unroll 8
      for (int t = 0; t < kTiles; ++t) column[t] = Load(weight + t * beside);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const float x = in[size_t(r) * args.in_stride + k];
#pragma GCC unroll 8
        for (int t = 0; t < kTiles; ++t) sum[r][t] = sum[r][t] + column[t] * x;
      }
    }
    StoreTiles(args, m, tile, sum);
  }
};

inline void LinearF32(const LinearArgs& args) { Linear<FloatLinear>(args); }

}  // namespace parrotlet::SIMD_TARGET
