/** An engine's refusal in a person's words: what is missing, and what would mend it. */

interface Cause {
  readonly pattern: RegExp;
  readonly says: (match: RegExpExecArray) => string;
}

const CAUSES: readonly Cause[] = [
  {
    pattern: /libonnxruntime_providers_\w+\.so: cannot open shared object file/,
    says: () => 'the CUDA pack is not installed; `lowrank engines install onnxruntime-cuda` does it',
  },
  {
    pattern: /(lib[\w.+-]+\.so[\w.]*|[\w.+-]+\.dll): cannot open shared object file/,
    says: ([, library]) => `the library ${library!} is missing`,
  },
  {
    pattern: /No supported adapters|Failed to get a WebGPU adapter/i,
    says: () => 'no Vulkan, Metal or Direct3D 12 driver of a graphics card answers',
  },
  {
    pattern: /CUDA driver version is insufficient|cudaErrorInsufficientDriver|error 35/i,
    says: () => 'the NVIDIA driver is too old for this pack; update it',
  },
  {
    pattern: /no CUDA-capable device|cudaErrorNoDevice/i,
    says: () => 'the NVIDIA driver finds no card',
  },
  {
    pattern: /out of memory|OUT_OF_MEMORY|ALLOC_FAILED/i,
    says: () => 'its memory is taken by another process',
  },
];

/** `message` is the error's, `log` what the engine wrote beside it, where libraries name what they lack. */
export function whyUnusable(message: string, log: string): string {
  for (const { pattern, says } of CAUSES) {
    const match = pattern.exec(`${message}\n${log}`);
    if (match !== null) return says(match);
  }
  // ONNX Runtime puts the place in its sources before what happened.
  return message
    .replace(/^\S+\.cc:\d+ .*? was false\. /s, '')
    .split('\n')[0]!
    .slice(0, 300);
}
