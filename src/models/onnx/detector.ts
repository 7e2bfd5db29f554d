/** Exported detectors as bases: Ultralytics' own exports, and those that Lowrank merges. */
import type { DecodedModel } from '../../formats/onnx-proto.ts';
import type { TensorSource } from '../../formats/onnx-tensor.ts';
import { printable } from '../../formats/printable.ts';
import type { Graph } from '../../graph/ir.ts';
import { eliminateDeadCode } from '../../graph/passes/eliminate-dead-code.ts';
import { InputError } from '../../shared/errors.ts';
import type { Base, Detection, ImageSize } from '../base.ts';
import { checkedSize, detectorPreprocessing } from '../image-size.ts';
import { importGraph } from './import-graph.ts';
import { BRANCH_KEY, PREPROCESSING_KEY, readImageSize, readNames, readPreprocessing } from './metadata.ts';
import type { Metadata } from './metadata.ts';
import { buildRawHead, rawResults } from './raw-head.ts';
import type { RawHead } from './raw-head.ts';
import { readSource } from './source.ts';
import type { Source } from './source.ts';

/** What Ultralytics exports at where nobody says otherwise. */
const USUAL_SIDE = 640;
/** Ultralytics' words for what a model does. */
const DETECT = 'detect';
const CLASSIFY = 'classify';

/** By its metadata; where these do not tell, by its output, [batch, 4 + classes, anchors]. Throws an `InputError` for models of other tasks. */
export function isDetector({ graph }: DecodedModel, metadata: Metadata, file: string): boolean {
  const task = metadata.get('task');
  if (task !== undefined && task !== DETECT && task !== CLASSIFY) {
    throw new InputError(
      `is a model for the task "${printable(task)}"; supported are detectors (detect) and classifiers`,
      {
        file,
      },
    );
  }
  return task === DETECT || (task === undefined && graph.output[0]?.type?.tensorType?.shape?.dim.length === 3);
}

type DetectorBase = Pick<Base, 'graph' | 'heads' | 'labels' | 'preprocessing' | 'detection' | 'notes'> & {
  readonly fusedBatchNorm: boolean;
};

/** Throws an `InputError` where no head of YOLO is found. */
export function readDetector(model: DecodedModel, files: TensorSource, metadata: Metadata, file: string): DetectorBase {
  const source = readSource(model, files, rawResults);
  const size = sizeOf(source, metadata, file);
  const names = readNames(metadata);
  const build = (wanted: ImageSize): { graph: Graph; head: RawHead } => {
    const { graph, outputs } = importGraph(source, files, wanted);
    const { place } = source;
    const head = buildRawHead(outputs, { names, height: wanted.height, endToEnd: isEndToEnd(metadata), place });
    return { graph: eliminateDeadCode(graph), head };
  };
  const { graph, head } = build(size);
  const { branch, ...facts } = head;
  const detection: Detection = {
    ...facts,
    branches: [branch],
    atSize: (wanted) =>
      isSame(wanted, size) ? graph : otherSize(() => build(checkedSize(wanted, head.strides)).graph, size),
  };
  return {
    graph,
    heads: branch.heads,
    labels: names?.length === head.classes ? names : undefined,
    preprocessing: metadata.has(PREPROCESSING_KEY)
      ? readPreprocessing(metadata, source, file)
      : detectorPreprocessing(size),
    detection,
    notes: branch.name === 'one2one' ? [ONE_TO_ONE_ONLY] : [],
    fusedBatchNorm: graph.nodes.every(({ op }) => op !== 'BatchNormalization'),
  };
}

const ONE_TO_ONE_ONLY =
  'this export has lost the branch that learns from many anchors a box, so it is trained by one anchor a box; its .pt learns better';

function isEndToEnd(metadata: Metadata): boolean {
  return metadata.get('end2end') === 'True' || metadata.get(BRANCH_KEY) === 'one2one';
}

/** That of the file; where it leaves it open, that of the metadata. */
function sizeOf({ height, width }: Source, metadata: Metadata, file: string): ImageSize {
  const told = readImageSize(metadata) ?? { height: USUAL_SIDE, width: USUAL_SIDE };
  const size = { height: height ?? told.height, width: width ?? told.width };
  if (size.height === size.width) return size;
  throw new InputError(
    `takes images of ${size.width}×${size.height} pixels; export it for squares (imgsz=${USUAL_SIDE})`,
    {
      file,
    },
  );
}

function isSame(a: ImageSize, b: ImageSize): boolean {
  return a.height === b.height && a.width === b.width;
}

/** An export for one size has it in the shapes of its attention. */
function otherSize(build: () => Graph, { height, width }: ImageSize): Graph {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof InputError) || error.place.field === 'detection.imageSize') throw error;
    throw new InputError(
      `this export is for images of ${width}×${height} pixels alone; export it with dynamic=True, or take its .pt`,
      { field: 'detection.imageSize' },
    );
  }
}
