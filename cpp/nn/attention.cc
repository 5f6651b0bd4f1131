#include "nn/attention.h"

#include <cmath>

namespace parrotlet {
namespace {

// The slots of positions [first, first + count) are one run of the ring, or two.
struct Runs {
  int count = 0;
  int slot[2], length[2];
};

Runs SplitAtWrap(int64_t first, int count, int capacity) {
  Runs runs;
  const int slot = int(first % capacity);
  const int until_wrap = std::min(count, capacity - slot);
  runs.slot[0] = slot;
  runs.length[0] = until_wrap;
  runs.count = 1;
  if (until_wrap < count) {
    runs.slot[1] = 0;
    runs.length[1] = count - until_wrap;
    runs.count = 2;
  }
  return runs;
}

void AddRelativeBias(const AttendArgs& args, int head, float* scores, int stride, int64_t first) {
  const float* bias = args.relative_bias + size_t(head) * args.bias_cols;
  for (int row = 0; row < args.rows; ++row) {
    const int64_t query = args.query_position + row;
    for (int64_t key = args.windows[row].begin; key < args.windows[row].end; ++key) {
      const int64_t column = key - query + args.bias_left;
      scores[size_t(row) * stride + (key - first)] += bias[column];
    }
  }
}

}  // namespace

void KeyValueRing::Bind(Arena& arena) {
  keys = arena.Take<float>(size_t(heads) * head_dim * capacity);
  // Vector loads of the last head may read past the last row.
  values = arena.Take<float>(size_t(capacity) * heads * head_dim + kTileCols);
}

void KeyValueRing::Append(int64_t position, int rows, const float* key, int key_stride,
                          const float* value, int value_stride) {
  const int dim = heads * head_dim;
  for (int row = 0; row < rows; ++row) {
    const int slot = int((position + row) % capacity);
    const float* k = key + size_t(row) * key_stride;
    for (int i = 0; i < dim; ++i) keys[size_t(i) * capacity + slot] = k[i];
    const float* v = value + size_t(row) * value_stride;
    std::copy(v, v + dim, values + size_t(slot) * dim);
  }
}

void Attend(const AttendArgs& args, Workspace& work) {
  const Kernels& kernels = *work.kernels;
  const KeyValueRing& ring = *args.ring;
  const int head_dim = ring.head_dim;
  const int dim = ring.heads * head_dim;
  const int rows = args.rows;

  // Columns start at a multiple of 16 positions, so that a position has one lane for ever.
  const int64_t first = args.windows[0].begin / kTileCols * kTileCols;
  const int cols = RoundUp(int(args.windows[rows - 1].end - first), kTileCols);
  const Runs runs = SplitAtWrap(first, cols, ring.capacity);
  int begin[kRowBlock], end[kRowBlock];
  for (int row = 0; row < rows; ++row) {
    begin[row] = int(args.windows[row].begin - first);
    end[row] = int(args.windows[row].end - first);
  }

  const float scale = float(1.0 / std::sqrt(double(head_dim)));
  for (int row = 0; row < rows; ++row) {
    float* query = args.query + size_t(row) * args.query_stride;
    for (int i = 0; i < dim; ++i) query[i] *= scale;
  }

  for (int head = 0; head < ring.heads; ++head) {
    MatMulArgs scores;
    scores.rows = rows;
    scores.depth = head_dim;
    scores.a = args.query + head * head_dim;
    scores.a_stride = args.query_stride;
    scores.b_stride = ring.capacity;
    scores.c_stride = cols;
    MatMulArgs context;
    context.rows = rows;
    context.cols = head_dim;
    context.a_stride = cols;
    context.b_stride = dim;
    context.c = args.out + head * head_dim;
    context.c_stride = args.out_stride;

    int column = 0;
    for (int run = 0; run < runs.count; ++run) {
      scores.cols = runs.length[run];
      scores.b = ring.keys + size_t(head) * head_dim * ring.capacity + runs.slot[run];
      scores.c = work.scores + column;
      kernels.matmul(scores);
      column += runs.length[run];
    }
    if (args.relative_bias != nullptr) AddRelativeBias(args, head, work.scores, cols, first);
    kernels.softmax(work.scores, cols, rows, cols, begin, end);
    if (args.observe != nullptr) {
      args.observe(args.observe_context, head, work.scores, cols, first);
    }
    column = 0;
    for (int run = 0; run < runs.count; ++run) {
      context.depth = runs.length[run];
      context.a = work.scores + column;
      context.b = ring.values + size_t(runs.slot[run]) * dim + head * head_dim;
      context.accumulate = run > 0;
      kernels.matmul(context);
      column += runs.length[run];
    }
  }
}

}  // namespace parrotlet
