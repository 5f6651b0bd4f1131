// Opens ONNX Runtime sessions as every peer here runs them: one thread, all graph optimizations.
import { InferenceSession } from 'onnxruntime-node';

/** A session on one CPU thread. */
export function openOnnx(path) {
  return InferenceSession.create(path, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
}
