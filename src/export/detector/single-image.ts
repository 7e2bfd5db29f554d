/** A model for one image at a time: readers of Ultralytics' exports take an open batch for a sign that the image size is open too. */
import type { ModelProto, ValueInfoProto } from '../../formats/onnx-proto.ts';

export function forSingleImage(model: ModelProto): ModelProto {
  const { input = [], output = [], ...rest } = model.graph ?? {};
  return { ...model, graph: { ...rest, input: input.map(single), output: output.map(single) } };
}

function single(value: ValueInfoProto): ValueInfoProto {
  const tensorType = value.type?.tensorType;
  const dim = tensorType?.shape?.dim?.map((each) => (each.dimParam === undefined ? each : { dimValue: 1 }));
  return dim === undefined ? value : { ...value, type: { tensorType: { ...tensorType, shape: { dim } } } };
}
