#include "nn/attention.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/layer_weights.h"

namespace parrotlet {
namespace {

struct Case {
  int heads, head_dim, left, ahead, most_rows;
  bool bias;
};

constexpr Case kCases[] = {
    {2, 8, 0, 0, 1, false},    {1, 16, 5, 0, 4, true},  {3, 12, 15, 2, 7, true},
    {2, 20, 16, 0, 32, false}, {2, 8, 40, 9, 32, true}, {1, 33, 3, 31, 5, true},
};

// Streams `positions` queries through a ring that holds only what is visible, as a block does: keys
// of a step first, then the queries whose look-ahead has come.
class Stream {
 public:
  Stream(const Case& c, int positions) : c_(c), dim_(c.heads * c.head_dim), positions_(positions) {
    Random random(uint64_t(c.head_dim + c.left));
    query_ = random.Floats(size_t(positions) * dim_, -1.5f, 1.5f);
    key_ = random.Floats(query_.size(), -1.5f, 1.5f);
    value_ = random.Floats(query_.size(), -1, 1);
    bias_ = random.Floats(size_t(c.heads) * BiasCols(), -1, 1);
  }

  int BiasCols() const { return c_.left + 1 + c_.ahead; }

  Window WindowOf(int64_t query) const {
    return {std::max<int64_t>(0, query - c_.left),
            std::min<int64_t>(positions_, query + c_.ahead + 1)};
  }

  std::vector<float> Run(const Kernels& kernels, uint64_t seed) const {
    KeyValueRing ring;
    ring.heads = c_.heads;
    ring.head_dim = c_.head_dim;
    ring.capacity = KeyValueRing::CapacityFor(c_.left + c_.most_rows + c_.ahead);
    EXPECT_LT(ring.capacity, positions_);
    WorkspaceNeeds needs;
    needs.score_cols = KeyValueRing::CapacityFor(c_.left + c_.most_rows + c_.ahead + kRowBlock);
    LayerMemory memory(kernels, needs, [&](Arena& arena) { ring.Bind(arena); });
    Random random(seed);
    std::vector<float> out(query_.size());
    int received = 0, answered = 0;
    while (answered < positions_) {
      const int rows = std::min(random.Int(1, c_.most_rows), positions_ - received);
      ring.Append(received, rows, key_.data() + size_t(received) * dim_, dim_,
                  value_.data() + size_t(received) * dim_, dim_);
      received += rows;
      const int ready = received == positions_ ? positions_ : std::max(0, received - c_.ahead);
      while (answered < ready) {
        const int block = std::min(ready - answered, kRowBlock);
        Attend(ring, answered, block, memory.work, &out);
        answered += block;
      }
    }
    return out;
  }

  std::vector<double> Definition() const {
    std::vector<double> out(query_.size());
    for (int q = 0; q < positions_; ++q) {
      const Window window = WindowOf(q);
      for (int head = 0; head < c_.heads; ++head) {
        std::vector<double> score;
        double total = 0;
        for (int64_t k = window.begin; k < window.end; ++k) {
          double dot = 0;
          for (int i = 0; i < c_.head_dim; ++i) {
            dot += double(query_[At(q, head, i)]) * key_[At(k, head, i)];
          }
          dot /= std::sqrt(double(c_.head_dim));
          if (c_.bias) dot += bias_[size_t(head) * BiasCols() + size_t(k - q + c_.left)];
          score.push_back(std::exp(dot));
          total += score.back();
        }
        for (int i = 0; i < c_.head_dim; ++i) {
          for (int64_t k = window.begin; k < window.end; ++k) {
            out[At(q, head, i)] += score[size_t(k - window.begin)] / total * value_[At(k, head, i)];
          }
        }
      }
    }
    return out;
  }

 private:
  size_t At(int64_t position, int head, int i) const {
    return size_t(position) * dim_ + size_t(head) * c_.head_dim + size_t(i);
  }

  void Attend(const KeyValueRing& ring, int first, int rows, Workspace& work,
              std::vector<float>* out) const {
    std::vector<float> query(query_.begin() + long(first) * dim_,
                             query_.begin() + long(first + rows) * dim_);
    Window windows[kRowBlock];
    for (int row = 0; row < rows; ++row) windows[row] = WindowOf(first + row);
    AttendArgs args;
    args.ring = &ring;
    args.rows = rows;
    args.query = query.data();
    args.query_stride = dim_;
    args.windows = windows;
    if (c_.bias) args.relative_bias = bias_.data();
    args.bias_cols = BiasCols();
    args.bias_left = c_.left;
    args.query_position = first;
    args.out = out->data() + size_t(first) * dim_;
    args.out_stride = dim_;
    parrotlet::Attend(args, work);
  }

  const Case& c_;
  int dim_, positions_;
  std::vector<float> query_, key_, value_, bias_;
};

TEST(Attention, OverARingThatWrapsEqualsTheDefinition) {
  for (const Case& c : kCases) {
    SCOPED_TRACE("head of " + std::to_string(c.head_dim) + ", left " + std::to_string(c.left));
    const Stream stream(c, 500);
    const std::vector<float> whole = stream.Run(Fastest(), 1);
    ExpectNear(whole, stream.Definition(), 3e-6);
    for (const uint64_t seed : {2, 3}) {
      ExpectSameBits(stream.Run(Fastest(), seed), whole, "other steps");
    }
    for (const Kernels* kernels : SupportedKernels()) {
      ExpectSameBits(stream.Run(*kernels, 4), whole, kernels->target);
    }
  }
}

TEST(Attention, ObserverSeesEveryHeadsProbabilities) {
  constexpr int kHeads = 2, kDim = 8, kPositions = 21;
  KeyValueRing ring{kHeads, kDim, KeyValueRing::CapacityFor(kPositions), nullptr, nullptr};
  WorkspaceNeeds needs;
  needs.score_cols = ring.capacity;
  LayerMemory memory(Fastest(), needs, [&](Arena& arena) { ring.Bind(arena); });
  Random random(5);
  const std::vector<float> rows = random.Floats(kPositions * kHeads * kDim, -1, 1);
  ring.Append(0, kPositions, rows.data(), kHeads * kDim, rows.data(), kHeads * kDim);
  std::vector<float> query = random.Floats(2 * kHeads * kDim, -1, 1), out(query.size());
  const Window windows[] = {{0, 20}, {3, 21}};

  struct Seen {
    std::vector<int> heads;
    std::vector<double> sums;
    int64_t first = -1;
  } seen;
  AttendArgs args;
  args.ring = &ring;
  args.rows = 2;
  args.query = query.data();
  args.query_stride = args.out_stride = kHeads * kDim;
  args.windows = windows;
  args.out = out.data();
  args.observe_context = &seen;
  args.observe = [](void* context, int head, const float* p, int stride, int64_t first) {
    Seen& s = *static_cast<Seen*>(context);
    s.heads.push_back(head);
    s.first = first;
    for (int row = 0; row < 2; ++row) {
      double sum = 0;
      for (int i = 0; i < stride; ++i) sum += p[row * stride + i];
      s.sums.push_back(sum);
    }
    EXPECT_EQ(p[20], 0);          // outside the first row's window
    EXPECT_EQ(p[stride + 2], 0);  // and the second's
    EXPECT_GT(p[stride + 20], 0);
  };
  Attend(args, memory.work);
  EXPECT_EQ(seen.heads, (std::vector<int>{0, 1}));
  EXPECT_EQ(seen.first, 0);
  for (const double sum : seen.sums) EXPECT_NEAR(sum, 1, 1e-6);
}

}  // namespace
}  // namespace parrotlet
