// Bias and epilogue of every linear: the last thing that happens to its sums; compiled once per
// target. Included only by kernels/targets/*.cc, which name the target; hence no guard.

namespace parrotlet::SIMD_TARGET {

template <typename Of>
inline void ReplaceAll(F32* values, int count, Of of) {
  for (int i = 0; i < count; ++i) values[i] = of(values[i]);
}

inline void ActivateAll(Activation activation, F32* values, int count) {
  switch (activation) {
    case Activation::kNone:
      return;
    case Activation::kGelu:
      return ReplaceAll(values, count, [](F32 x) { return Gelu(x); });
    case Activation::kSilu:
      return ReplaceAll(values, count, [](F32 x) { return Silu(x); });
    case Activation::kTanh:
      return ReplaceAll(values, count, [](F32 x) { return Tanh(x); });
  }
}

// Stores of(value, what gives the other value of its place) for each of `rows` rows by `tiles`
// tiles from row m and tile `tile` on.
template <typename Of>
inline void StoreCombined(const LinearArgs& args, int m, int tile, int rows, int tiles,
                          const F32* values, Of of) {
  for (int r = 0; r < rows; ++r) {
    const Epilogue& epilogue = args.epilogue;
    const size_t other_row = size_t(m + r) * epilogue.other_stride;
    float* out_row = args.out + size_t(m + r) * args.out_stride;
    for (int t = 0; t < tiles; ++t, ++values) {
      const int col = (tile + t) * kTileCols;
      const int count = args.weight->cols - col;
      const auto other = [&] {
        const float* place = epilogue.other + other_row + col;
        return count < kTileCols ? LoadFirst(place, count) : Load(place);
      };
      const F32 combined = of(*values, other);
      if (count < kTileCols) {
        StoreFirst(out_row + col, count, combined);
      } else {
        Store(out_row + col, combined);
      }
    }
  }
}

// An activation without more waits until a stretch of each row is stored: called for every few
// tiles, it would fetch its constants as often as use them.
inline bool ActivatesLater(const Epilogue& epilogue) { return epilogue.combine == Combine::kNone; }

// Adds the bias to sums, [rows][tiles], finishes them, but for an activation that waits, and writes
// the columns that there are. Not inlined: there are dozens of shapes of tiles, and their sums have
// left the registers by now or do it in a few cycles.
[[gnu::noinline, gnu::noclone]] static void FinishTiles(const LinearArgs& args, int m, int tile,
                                                        int rows, int tiles, F32* values) {
  for (int t = 0; args.bias != nullptr && t < tiles; ++t) {
    const float* from = args.bias + (tile + t) * kTileCols;
    const int count = args.weight->cols - (tile + t) * kTileCols;
    const F32 bias = count < kTileCols ? LoadFirst(from, count) : Load(from);
    for (int i = t; i < rows * tiles; i += tiles) values[i] = values[i] + bias;
  }
  const auto store = [&](auto of) { StoreCombined(args, m, tile, rows, tiles, values, of); };
  if (ActivatesLater(args.epilogue)) return store([](F32 v, auto) { return v; });
  ActivateAll(args.epilogue.activation, values, rows * tiles);
  switch (args.epilogue.combine) {
    case Combine::kNone:
      return;  // its activation waits
    case Combine::kGlu:
      return store([](F32 v, auto other) { return TimesSigmoid(other(), v); });
    case Combine::kGatedSilu:
      return store([](F32 v, auto other) { return other() * Silu(v); });
    case Combine::kResidual:
      return store([factor = args.epilogue.factor](F32 v, auto other) {
        return other() + Splat(factor) * v;
      });
  }
}

inline void ActivateStored(const LinearArgs& args, int m, int rows, int tile, int tiles) {
  const Activation activation = args.epilogue.activation;
  if (activation == Activation::kNone || !ActivatesLater(args.epilogue)) return;
  const auto of_all = activation == Activation::kGelu   ? GeluAll
                      : activation == Activation::kSilu ? SiluAll
                                                        : TanhAll;
  const int col = tile * kTileCols, left = args.weight->cols - col;
  const int count = left < tiles * kTileCols ? left : tiles * kTileCols;
  float* row = args.out + size_t(m) * args.out_stride + col;
  for (int r = 0; r < rows; ++r, row += args.out_stride) of_all(row, count, row);
}

// The same, in the registers where whole tiles are only to be stored.
template <int kRows, int kTiles>
[[gnu::always_inline]] inline void StoreTiles(const LinearArgs& args, int m, int tile,
                                              F32 (&sum)[kRows][kTiles]) {
  const int col = tile * kTileCols;
  if (col + kTiles * kTileCols > args.weight->cols || !ActivatesLater(args.epilogue)) {
    F32 values[kRows][kTiles];  // the sums themselves must never have an address
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int t = 0; t < kTiles; ++t) values[r][t] = sum[r][t];
    }
    return FinishTiles(args, m, tile, kRows, kTiles, &values[0][0]);
  }
  if (args.bias != nullptr) {
#pragma GCC unroll 8
    for (int t = 0; t < kTiles; ++t) {
      const F32 bias = Load(args.bias + col + t * kTileCols);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) sum[r][t] = sum[r][t] + bias;
    }
  }
  float* row = args.out + size_t(m) * args.out_stride + col;
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r, row += args.out_stride) {
#pragma GCC unroll 8
    for (int t = 0; t < kTiles; ++t) Store(row + t * kTileCols, sum[r][t]);
  }
}

}  // namespace parrotlet::SIMD_TARGET
