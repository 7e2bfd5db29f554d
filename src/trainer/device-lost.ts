/** A GPU that stopped answering in the middle of a run. The state of training is on the host, so it can be saved all the same. */
import { InputError, messageOf } from '../shared/errors.ts';

/** Words of CUDA, of TensorFlow and ONNX Runtime around it, of Dawn (WebGPU) and Direct3D. */
const MESSAGES = [
  /GPU is lost|fallen off the bus/i,
  /CUDA_ERROR_(ILLEGAL_ADDRESS|LAUNCH_FAILED|LAUNCH_TIMEOUT|ECC_UNCORRECTABLE|DEVICE_UNAVAILABLE|UNKNOWN|NOT_INITIALIZED)/,
  /uncorrectable ECC|unspecified launch failure|an illegal memory access|devices? is\/are busy or unavailable/i,
  /device (was |is |has been )?lost/i,
  /VK_ERROR_DEVICE_LOST|DXGI_ERROR_DEVICE_(REMOVED|HUNG|RESET)/,
];

export function isDeviceLost(error: unknown): boolean {
  const message = messageOf(error);
  return MESSAGES.some((pattern) => pattern.test(message));
}

/** Once the state of `step` is saved; `device` as a person calls it. */
export function deviceLost(error: unknown, device: string, step: number): InputError {
  const what = messageOf(error).split('\n')[0]!.slice(0, 300);
  return new InputError(
    `${device} no longer answers (${what}); what step ${step} had reached is saved: resume the run, after a restart of the machine if it does so again`,
    { field: 'engine' },
  );
}
