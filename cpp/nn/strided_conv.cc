#include "nn/strided_conv.h"

#include <algorithm>
#include <cstring>

namespace parrotlet {

void StridedConv::Load(Weights& weights, const std::string& name, const StridedConvShape& shape) {
  shape_ = shape;
  linear_.Load(weights, name, shape.out_dim, shape.kernel * shape.in_dim);
}

void StridedConv::Bind(Arena& arena, State& state, int max_in) const {
  const int most = shape_.kernel + std::max(max_in, shape_.right_zeros);
  // kTileCols of slack: kernels may read whole vectors.
  state.frames = arena.Take<float>(size_t(most) * shape_.in_dim + kTileCols);
}

void StridedConv::Reset(State& state) const {
  std::memset(state.frames, 0, sizeof(float) * shape_.left_zeros * shape_.in_dim);
  state.count = shape_.left_zeros;
  state.skip = 0;
}

int StridedConv::Step(State& state, Workspace& work, const float* in, int count, float* out) const {
  const int dropped = std::min(state.skip, count);
  state.skip -= dropped;
  in += size_t(dropped) * shape_.in_dim;
  count -= dropped;
  std::memcpy(state.frames + size_t(state.count) * shape_.in_dim, in,
              sizeof(float) * count * shape_.in_dim);
  state.count += count;
  return Emit(state, work, out);
}

int StridedConv::Flush(State& state, Workspace& work, float* out) const {
  if (state.skip > 0) return 0;
  std::memset(state.frames + size_t(state.count) * shape_.in_dim, 0,
              sizeof(float) * shape_.right_zeros * shape_.in_dim);
  state.count += shape_.right_zeros;
  return Emit(state, work, out);
}

int StridedConv::Emit(State& state, Workspace& work, float* out) const {
  if (state.count < shape_.kernel) return 0;
  const int rows = (state.count - shape_.kernel) / shape_.stride + 1;
  linear_.Run(work, {state.frames, shape_.stride * shape_.in_dim}, rows,
              {out, shape_.out_dim, {.activation = shape_.activation}});

  const int used = rows * shape_.stride;
  if (used >= state.count) {
    state.skip = used - state.count;
    state.count = 0;
  } else {
    state.count -= used;
    std::memmove(state.frames, state.frames + size_t(used) * shape_.in_dim,
                 sizeof(float) * state.count * shape_.in_dim);
  }
  return rows;
}

}  // namespace parrotlet
