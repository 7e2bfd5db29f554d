/** Checkpoints of Ultralytics' detectors as bases. */
import { basename, resolve } from 'node:path';
import { asFloat32 } from '../../formats/safetensors.ts';
import { openTorchCheckpoint } from '../../formats/torch-checkpoint.ts';
import type { TorchCheckpoint } from '../../formats/torch-checkpoint.ts';
import type { Graph, Value } from '../../graph/ir.ts';
import { createGraph } from '../../graph/registry.ts';
import { known, symbol } from '../../graph/shape.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { InputError } from '../../shared/errors.ts';
import { BATCH, PIXELS } from '../base.ts';
import type { Base, BaseIdentity, ImageSize } from '../base.ts';
import { checkedSize, detectorPreprocessing, fittingSize } from '../image-size.ts';
import { Builder } from './builder.ts';
import type { ReadTensor } from './builder.ts';
import { readCheckpoint } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import { buildHead } from './head.ts';
import type { HeadFacts } from './head.ts';
import type { TorchModule } from './module.ts';
import { BLOCKS, buildFeatures } from './network.ts';

/** What Ultralytics trains at where nobody says otherwise. */
const USUAL_SIDE = 640;
/** Levels up to this stride can be told apart. */
const PROBE: ImageSize = { height: 256, width: 256 };

/** Opens a `.pt` file. Throws an `InputError` for other models, naming them, and for files that contradict themselves. */
export async function openYolo(
  file: string,
  origin: Pick<BaseIdentity, 'source' | 'revision'> = { source: resolve(file) },
): Promise<Base> {
  const stored = await openTorchCheckpoint(file);
  try {
    const checkpoint = readCheckpoint(stored.root, file);
    const network = new Network(checkpoint.model.child('model'), rememberedTensors(stored));
    const { levels, head } = network.build(PROBE);
    checkNames(checkpoint, head.classes, file);
    const strides = levels.map(({ shape }) => PROBE.height / known(shape[2], 'the image size'));
    const size = fittingSize(checkpoint.imageSize ?? USUAL_SIDE, strides);
    const atSize = (wanted: ImageSize): Graph => network.build(checkedSize(wanted, strides)).graph;
    const graph = atSize(size);
    return {
      name: basename(origin.source),
      family: checkpoint.family,
      identity: { ...origin, sha256: await stored.sha256(), fusedBatchNorm: !isNormalised(graph) },
      graph,
      heads: head.branches.flatMap(({ heads }) => heads),
      labels: checkpoint.names,
      preprocessing: detectorPreprocessing(size),
      aliases: new Map(),
      detection: { ...head, strides, atSize },
    };
  } finally {
    stored.close();
  }
}

/** Writes the graph for any size of images; all graphs share their tensors, which the first one reads. */
class Network {
  readonly #layers: TorchModule;
  readonly #read: ReadTensor;

  constructor(layers: TorchModule, read: ReadTensor) {
    this.#layers = layers;
    this.#read = read;
  }

  build({ height, width }: ImageSize): { graph: Graph; levels: readonly Value[]; head: HeadFacts } {
    const graph = createGraph();
    const builder = new Builder(graph, { blocks: BLOCKS, read: this.#read });
    const features = buildFeatures(builder, this.#layers, graph.input(PIXELS, [symbol(BATCH), 3, height, width]));
    return { graph, levels: features.levels, head: buildHead(builder, features) };
  }
}

function rememberedTensors(stored: TorchCheckpoint): ReadTensor {
  const tensors = new Map<string, Tensor<'float32'>>();
  return (module, name) => {
    const path = `${module.path}.${name}`;
    const known = tensors.get(path);
    if (known !== undefined) return known;
    const tensor = module.tensor(name);
    if (tensor === undefined) return undefined;
    const read = asFloat32(stored.read(tensor, path));
    tensors.set(path, read);
    return read;
  };
}

function checkNames({ names }: Checkpoint, classes: number, file: string): void {
  if (names === undefined || names.length === classes) return;
  throw new InputError(`names ${names.length} classes, but its head has ${classes}`, { file, field: 'names' });
}

function isNormalised({ nodes }: Graph): boolean {
  return nodes.some(({ op }) => op === 'BatchNormalization');
}
