/**
 * What ONNX Runtime computes on, one row an execution provider: where the npm package has it, and which operators run there. An operator
 * that a provider lacks falls back to the CPU, each value copied there and back, so forms are chosen by this table.
 */
import type { InferenceSession } from 'onnxruntime-node';
import type { OptionalOperator } from '../graph/define.ts';
import { STANDARD_OPERATORS } from './write-onnx.ts';

export interface Provider {
  readonly name: `onnxruntime-${string}`;
  /** What it runs on, as a person calls it; probing tells the card's own name. */
  readonly device: string;
  /** Its name in ONNX Runtime. */
  readonly provider: InferenceSession.ExecutionProviderConfig;
  readonly operators: ReadonlySet<OptionalOperator>;
  /** Of ONNX Runtime's own, which would rewrite what was written so on purpose. */
  readonly withoutOptimizers?: readonly string[];
  readonly prefersHalf?: boolean;
  /** Sides of matrices that are multiples of it are read by vectors. */
  readonly alignment?: number;
  /** Some vectors that cross whole cost less than every adapter and its gradient, and the host's optimizer. */
  readonly keepsState?: boolean;
  /** `platform-arch` for which onnxruntime-node has it; a pack adds CUDA where it says so. Null for all. */
  readonly platforms: readonly string[] | null;
}

/** With ONNX Runtime's own operators. */
const ALL_OPERATORS: ReadonlySet<OptionalOperator> = new Set([...STANDARD_OPERATORS, 'FusedMatMul']);

export const CPU_PROVIDER: Provider = {
  name: 'onnxruntime-cpu',
  device: 'CPU',
  provider: 'cpu',
  operators: ALL_OPERATORS,
  platforms: null,
};

export const PROVIDERS: readonly Provider[] = [
  {
    name: 'onnxruntime-cuda',
    device: 'NVIDIA GPU (CUDA)',
    provider: 'cuda',
    operators: ALL_OPERATORS,
    prefersHalf: true,
    keepsState: true,
    platforms: ['linux-x64'],
  },
  {
    name: 'onnxruntime-directml',
    device: 'GPU (DirectML)',
    provider: 'dml',
    operators: STANDARD_OPERATORS,
    platforms: ['win32-x64', 'win32-arm64'],
  },
  {
    name: 'onnxruntime-webgpu',
    device: 'GPU (WebGPU)',
    // Freed buffers are kept by their exact size, which repeats at every step: ViT-base took 424 ms a step where it took 760 with the
    // default, which makes and destroys them (H100 through Vulkan).
    provider: { name: 'webgpu', storageBufferCacheMode: 'simple', defaultBufferCacheMode: 'simple' },
    // MaxPool claims its second output and then fails (pool.cc: "The Indices output is not supported yet"). A Gemm takes 3.3 times as long
    // when its second operand is transposed (H100 through Vulkan, float32, 768 wide; 2.5 times in float16).
    operators: new Set(),
    withoutOptimizers: ['GemmTransposeFusion'],
    // Attention's products make 6 TFLOP/s with 197 tokens, 14 with 200 (float32); 7 and 20 in float16.
    alignment: 4,
    platforms: ['linux-x64', 'win32-x64', 'win32-arm64', 'darwin-arm64'],
  },
  {
    name: 'onnxruntime-coreml',
    device: 'Apple GPU and Neural Engine (CoreML)',
    provider: 'coreml',
    operators: STANDARD_OPERATORS,
    platforms: ['darwin-arm64'],
  },
  CPU_PROVIDER,
];
