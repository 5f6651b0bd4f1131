// linear_w8_f32, linear_w4_f32 and linear_w2_f32: quantized weights made floats again as they are
// read, for products with float activations; compiled once per target.
// Included only by kernels/targets/*.cc, which name the target; hence no guard.
//
// A packed line is 16 integers of 32 bits, one for each channel, and a code is some bits of it:
// shifted up until its highest bit is the integer's, and down again, it has its sign. One tile of
// 16 columns at a time: unpacking is work enough to hide the latency of the sums.

namespace parrotlet::SIMD_TARGET {

// Code kByte of each channel in plane 0 of a line of two's complement.
template <int kBits, int kByte>
inline F32 FloatsOf(I32 line) {
  return ToF32(ShiftRight<32 - kBits>(ShiftLeft<32 - kBits - 8 * kByte>(line)));
}

// Adds the products of inputs k .. k + 3, those of plane 0 of a line, but of none from `end` on.
template <int kBits, int kRows, int kInput = 0>
inline void AddPlane(I32 line, F32 scale, F32 zero, const float* const (&in)[kRows], size_t k,
                     size_t end, F32 (&sum)[kRows][1]) {
  if constexpr (kInput < 4) {
    if (k + kInput >= end) return;
    const F32 column = scale * FloatsOf<kBits, kInput>(line) - zero;
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      sum[r][0] = sum[r][0] + column * in[r][k + kInput];
    }
    AddPlane<kBits, kRows, kInput + 1>(line, scale, zero, in, k, end, sum);
  }
}

template <int kBits>
struct UnpackedLinear {
  static constexpr int Tiles(int /*rows*/) { return 1; }

  // Flips the highest bit of every biased code of a line, which makes two's complement of it.
  static constexpr uint32_t kFlipped = kCodeBias<kBits> * (0xffffffffu / ((1u << kBits) - 1));

  template <int kRows, int kTiles>
  static void Run(const LinearArgs& args, int m, int tile, int end) {
    for (; tile < end; ++tile) RunTile<kRows>(args, m, tile);
  }

  template <int kRows>
  static void RunTile(const LinearArgs& args, int m, int tile) {
    const PackedMatrix& weight = *args.weight;
    const TileLines lines = weight.code_layout().Of(tile);
    const uint8_t* codes = static_cast<const uint8_t*>(weight.codes) + lines.first;
    const size_t group_size = weight.format.group_size;
    const TileLines scales = weight.scale_layout().Of(tile);
    size_t at = scales.first;

    const float* in[kRows];
    F32 sum[kRows][1];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      in[r] = args.in + size_t(m + r) * args.in_stride;
      sum[r][0] = Splat(0);
    }
    size_t k = 0, end = group_size;
    for (int g = 0; g < weight.groups; ++g, end += group_size) {
      const F32 scale = Load(weight.scale + at);
      // Where there is none, taking off 0 changes no bit.
      const F32 zero = weight.zero == nullptr ? Splat(0) : Load(weight.zero + at);
      for (; k < end; codes += lines.next) {
        I32 line = AsI32(LoadBytes(codes)) ^ SplatI(int32_t(kFlipped));
        for (int plane = 0; plane < 8 / kBits && k < end; ++plane, k += 4) {
          AddPlane<kBits>(line, scale, zero, in, k, end, sum);
          line = ShiftRight<kBits>(line);
        }
      }
      at += scales.next;
    }
    StoreTiles(args, m, tile, sum);
  }
};

inline void LinearW8F32(const LinearArgs& args) { Linear<UnpackedLinear<8>>(args); }
inline void LinearW4F32(const LinearArgs& args) { Linear<UnpackedLinear<4>>(args); }
inline void LinearW2F32(const LinearArgs& args) { Linear<UnpackedLinear<2>>(args); }

}  // namespace parrotlet::SIMD_TARGET
