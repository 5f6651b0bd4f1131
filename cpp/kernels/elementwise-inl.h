// Elementwise functions and gated units, compiled once per target.
// Included only by kernels/targets/*.cc, which name the target; hence no guard.

namespace parrotlet::SIMD_TARGET {

// out[i] = of(a[i], b[i]) for `count` values, any of the three arrays being the same.
template <typename Of>
inline void Map(const float* a, const float* b, int count, float* out, Of of) {
  int i = 0;
  for (; i + kTileCols <= count; i += kTileCols) Store(out + i, of(Load(a + i), Load(b + i)));
  const int left = count - i;
  if (left > 0) StoreFirst(out + i, left, of(LoadFirst(a + i, left), LoadFirst(b + i, left)));
}

inline void GeluAll(const float* in, int count, float* out) {
  Map(in, in, count, out, [](F32 x, F32) { return Gelu(x); });
}

inline void SiluAll(const float* in, int count, float* out) {
  Map(in, in, count, out, [](F32 x, F32) { return Silu(x); });
}

inline void TanhAll(const float* in, int count, float* out) {
  Map(in, in, count, out, [](F32 x, F32) { return Tanh(x); });
}

inline void ExpAll(const float* in, int count, float* out) {
  Map(in, in, count, out, [](F32 x, F32) { return Exp(x); });
}

inline void LogAll(const float* in, int count, float* out) {
  Map(in, in, count, out, [](F32 x, F32) { return Log(x); });
}

inline void GluRows(const float* in, int rows, int dim, float* out) {
  for (int m = 0; m < rows; ++m, in += 2 * size_t(dim), out += dim) {
    Map(in, in + dim, dim, out, [](F32 value, F32 gate) { return TimesSigmoid(value, gate); });
  }
}

inline void GatedSiluRows(const float* in, int rows, int dim, float* out) {
  for (int m = 0; m < rows; ++m, in += 2 * size_t(dim), out += dim) {
    Map(in, in + dim, dim, out, [](F32 value, F32 gate) { return value * Silu(gate); });
  }
}

}  // namespace parrotlet::SIMD_TARGET
