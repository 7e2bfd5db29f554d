/** What an ONNX file from outside may ask for. */

/** A Swin exported by TorchScript has 5 000, with its shape arithmetic spelled out. */
export const MAX_NODES = 100_000;
/** Exporters nest functions three deep; deeper ones call themselves. */
export const MAX_FUNCTION_DEPTH = 16;
/** Models of attention use six axes. */
export const MAX_RANK = 16;
/** Elements of one activation for one image: a thousand times the largest of a ViT-L. */
export const MAX_ACTIVATION = 2 ** 31;
/** Elements that shape arithmetic may make beside those in the file: index tables and masks of one Swin are 2²⁰. */
export const MAX_FOLDED = 2 ** 24;
/** Each weight may be turned and renamed a few times on its way. */
export const MAX_FOLDED_PER_WEIGHT = 8;
/** Larger images are a mistake in a file, as shared/preprocessing.ts has it. */
export const MAX_SIDE = 4096;
/** Side of an image where the file leaves it open. */
export const DEFAULT_SIDE = 224;
export const MIN_OPSET = 11;
export const MAX_OPSET = 22;
