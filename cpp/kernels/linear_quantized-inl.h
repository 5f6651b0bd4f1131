// linear_w8, linear_w4 and linear_w2: one loop for every weight width and scheme, compiled once per
// target.
// Included only by kernels/targets/*.cc, which name the target; hence no guard.
//
// A packed line of 64 bytes holds 8 / bits planes; plane p of a byte is one code of input 4p + j. A
// plane need not be shifted down: masked in place it is the code times 2^(bits * p), and so is its
// dot product, which is exact and is shifted once, at the end. Targets choose by DotSums() how many
// planes are summed that way, side by side, before the line is shifted.

namespace parrotlet::SIMD_TARGET {

// Plane kPlane of a line, times 2^(kBits * (kPlane % kSums)).
template <int kBits, int kSums, int kPlane>
inline Bytes PlaneOf(Bytes line) {
  if constexpr (kBits == 8) return line;
  constexpr int kInPlace = kPlane % kSums;
  constexpr int kMask = ((1 << kBits) - 1) << (kBits * kInPlace);
  return Field<kBits*(kPlane - kInPlace), kMask>(line);
}

// The sums of kRows rows by kTiles tiles of 16 columns, in registers.
template <int kBits, int kSums, int kRows, int kTiles>
struct DotBlock {
  static constexpr int kPlanes = 8 / kBits;
  static constexpr int kMaxOperand = ((1 << kBits) - 1) << (kBits * (kSums - 1));
  static constexpr bool kHoldsAnyGroup = MaxDots<kBits>(kMaxOperand) >= kMaxGroupSize / 4;
  static constexpr int kMaxLines = MaxDots<kBits>(kMaxOperand) / ((kPlanes + kSums - 1) / kSums);
  static_assert(kMaxLines > 0, "a sum must take the dots of one line");

  DotSum<kBits> sums[kRows][kTiles][kSums];

  // Begins every sum at zero.
  void Start() {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int t = 0; t < kTiles; ++t) {
#pragma GCC unroll 4
        for (int s = 0; s < kSums; ++s) sums[r][t][s] = ZeroDotSum<kBits>();
      }
    }
  }

  // Begins row r at `start` in every lane; where the sums are as wide.
  void StartRow(int r, I32 start) {
#pragma GCC unroll 8
    for (int t = 0; t < kTiles; ++t) sums[r][t][0] = AsDotSum<kBits>(start);
  }

  // Adds the products of plane kPlane and of those after it.
  template <int kPlane = 0>
  [[gnu::always_inline]] void AddLine(const Bytes (&lines)[kTiles], const Acts (&acts)[kRows]) {
    if constexpr (kPlane < kPlanes) {
      Bytes codes[kTiles];
#pragma GCC unroll 8
      for (int t = 0; t < kTiles; ++t) {
        codes[t] = ToOperand<kBits>(PlaneOf<kBits, kSums, kPlane>(lines[t]));
      }
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const auto four = Splat4<kPlane>(acts[r]);
#pragma GCC unroll 8
        for (int t = 0; t < kTiles; ++t) {
          DotSum<kBits>& sum = sums[r][t][kPlane % kSums];
          sum = Dot<kBits>(sum, codes[t], four);
        }
      }
      AddLine<kPlane + 1>(lines, acts);
    }
  }

  // The sum of row r and tile t as int32, every plane at its true size.
  I32 Total(int r, int t) const {
    I32 total = Widen<kBits>(sums[r][t][0]);
    if constexpr (kSums > 1) total = total + ShiftRight<kBits>(Widen<kBits>(sums[r][t][1]));
    if constexpr (kSums > 2) total = total + ShiftRight<2 * kBits>(Widen<kBits>(sums[r][t][2]));
    if constexpr (kSums > 3) total = total + ShiftRight<3 * kBits>(Widen<kBits>(sums[r][t][3]));
    return total;
  }

  // The same on top of another; where the sums are shorter.
  I32 AddTo(I32 total, int r, int t) const {
    if constexpr (kSums == 1) {
      return AddSum<kBits>(total, sums[r][t][0]);
    } else {
      return total + Total(r, t);
    }
  }
};

// Takes off what the zeros of a group add up to. zero: the group's of the first tile; beside:
// floats from there to the next tile's; act_scale, act_sum: the first row's, and that of the group.
template <int kRows, int kTiles>
[[gnu::always_inline]] inline void SubtractZeros(const float* zero, size_t beside,
                                                 const float* act_scale, const int32_t* act_sum,
                                                 int groups, F32 (&out)[kRows][kTiles]) {
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    const F32 sum = Splat(float(act_sum[size_t(r) * groups])), scale = Splat(act_scale[r]);
#pragma GCC unroll 8
    for (int t = 0; t < kTiles; ++t) {
      out[r][t] = out[r][t] - sum * (scale * Load(zero + t * beside));
    }
  }
}

// Rows m .. m + kRows - 1 by tiles tile .. end - 1, kTiles at a time. Compiled apart for weights
// with zeros, as a branch in each group would cost the others up to 7%, and for weights of one
// group (per channel), whose output needs no place beside the sums: up to a tenth faster.
template <int kBits, bool kZeros, bool kOneGroup, int kSums, int kRows, int kTiles>
void QuantizedTiles(const LinearArgs& args, int m, int tile, int end) {
  using Block = DotBlock<kBits, kSums, kRows, kTiles>;
  constexpr int kLineInputs = 32 / kBits;
  // Whether registers hold the output beside the dots' sums.
  constexpr int kSumSize = int(sizeof(DotSum<kBits>) / sizeof(F32));
  constexpr bool kRoomForOutput =
      kOneGroup || kRows * kTiles * (kSums * kSumSize + 1) <= SumVectors(kBits);
  const PackedMatrix& weight = *args.weight;
  const TileLayout code_layout = weight.code_layout(), scale_layout = weight.scale_layout();
  const size_t act_stride = weight.padded_depth();
  const int groups = kOneGroup ? 1 : weight.groups;
  const int group_lines =
      (groups == 1 ? weight.padded_depth() : weight.format.group_size) / kLineInputs;

  const float* act_scale = args.act.scale + m;
  const int32_t* act_sum = args.act.code_sum + size_t(m) * groups;

  const auto start_of = [&](int r, int g) {
    const uint32_t bias = uint32_t(kOperandBias<kBits>) * uint32_t(act_sum[r * groups + g]);
    return SplatI(int32_t(0u - bias));
  };
  I32 starts[kRows];
  if constexpr (kOneGroup) {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) starts[r] = start_of(r, 0);
  }

  for (; tile < end; tile += kTiles) {
    const TileLines places = code_layout.Of(tile), scales = scale_layout.Of(tile);
    const uint8_t* codes = static_cast<const uint8_t*>(weight.codes) + places.first;
    const int8_t* act = args.act.codes + m * act_stride;
    const float* scale = weight.scale + scales.first;

    F32 out[kRows][kTiles];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int t = 0; t < kTiles; ++t) out[r][t] = Splat(0);
    }

    const auto add_lines = [&](Block& block, int lines) __attribute__((always_inline)) {
      for (int i = 0; i < lines; ++i) {
        Bytes line[kTiles];
#pragma GCC unroll 8
        for (int t = 0; t < kTiles; ++t) line[t] = LoadBytes(codes + t * places.beside);
        if constexpr (FetchAhead(kBits, kRows) > 0) {
#pragma GCC unroll 8
          for (int t = 0; t < kTiles; ++t) {
            __builtin_prefetch(codes + t * places.beside + FetchAhead(kBits, kRows));
          }
        }
        Acts acts[kRows];
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) acts[r] = LoadActs<kLineInputs>(act + r * act_stride);
        block.AddLine(line, acts);
        codes += places.next;
        act += kLineInputs;
      }
    };

    for (int g = 0; g < groups; ++g) {
      if constexpr (!kRoomForOutput) {
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
          for (int t = 0; t < kTiles; ++t) asm volatile("" : "+m"(out[r][t]));  // waits in memory
        }
      }
      const auto start = [&](int r) { return kOneGroup ? starts[r] : start_of(r, g); };
      I32 totals[kRows][kTiles];
      Block block;
      if constexpr (Block::kHoldsAnyGroup) {
        block.Start();
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) block.StartRow(r, start(r));
        add_lines(block, group_lines);
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
          for (int t = 0; t < kTiles; ++t) totals[r][t] = block.Total(r, t);
        }
      } else {
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
          for (int t = 0; t < kTiles; ++t) totals[r][t] = start(r);
        }
        for (int left = group_lines; left > 0; left -= Block::kMaxLines) {
          block.Start();
          add_lines(block, left < Block::kMaxLines ? left : Block::kMaxLines);
#pragma GCC unroll 8
          for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
            for (int t = 0; t < kTiles; ++t) totals[r][t] = block.AddTo(totals[r][t], r, t);
          }
        }
      }

#pragma GCC unroll 8
      for (int t = 0; t < kTiles; ++t) {
        const F32 weight_scale = Load(scale + t * scales.beside);
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) {
          out[r][t] = out[r][t] + ToF32(totals[r][t]) * (weight_scale * act_scale[r]);
        }
      }
      if constexpr (kZeros) {
        const float* zero = weight.zero + (scale - weight.scale);
        SubtractZeros(zero, scales.beside, act_scale, act_sum + g, groups, out);
      }
      scale += scales.next;
    }

    StoreTiles(args, m, tile, out);
  }
}

// One for all inputs of a channel, or several of fewer than kLongGroup, or of more.
enum class Groups { kOne, kShort, kLong };
inline constexpr int kLongGroup = 64;

template <int kBits, bool kZeros, Groups kGroups>
struct QuantizedLinear {
  static constexpr bool kShortGroups = kGroups == Groups::kShort;
  static constexpr int Tiles(int rows) { return DotTiles(kBits, rows, kShortGroups); }

  template <int kRows, int kTiles>
  static void Run(const LinearArgs& args, int m, int tile, int end) {
    constexpr int kSums = DotSums(kBits, kRows, kShortGroups);
    QuantizedTiles<kBits, kZeros, kGroups == Groups::kOne, kSums, kRows, kTiles>(args, m, tile,
                                                                                 end);
  }
};

// Whether this target has tiles of their own for short groups.
template <int kBits>
constexpr bool TellsShortGroups() {
  for (int rows = 1; rows <= kMaxRows; ++rows) {
    if (DotSums(kBits, rows, true) != DotSums(kBits, rows, false)) return true;
    if (DotTiles(kBits, rows, true) != DotTiles(kBits, rows, false)) return true;
  }
  return false;
}

template <int kBits, bool kZeros>
inline void LinearByGroups(const LinearArgs& args) {
  // With zeros it would gain less than its code is worth.
  if constexpr (!kZeros) {
    if (args.weight->groups == 1) return Linear<QuantizedLinear<kBits, false, Groups::kOne>>(args);
  }
  if constexpr (TellsShortGroups<kBits>()) {
    if (args.weight->format.group_size < kLongGroup) {
      return Linear<QuantizedLinear<kBits, kZeros, Groups::kShort>>(args);
    }
  }
  Linear<QuantizedLinear<kBits, kZeros, Groups::kLong>>(args);
}

template <int kBits>
inline void LinearQuantized(const LinearArgs& args) {
  if (args.weight->zero == nullptr) return LinearByGroups<kBits, false>(args);
  LinearByGroups<kBits, true>(args);
}

inline void LinearW8(const LinearArgs& args) { LinearQuantized<8>(args); }
inline void LinearW4(const LinearArgs& args) { LinearQuantized<4>(args); }
inline void LinearW2(const LinearArgs& args) { LinearQuantized<2>(args); }

}  // namespace parrotlet::SIMD_TARGET
