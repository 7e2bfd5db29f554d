/** What a pack may ask of a machine: its system, its C library and its NVIDIA driver. */
import { InputError } from '../../shared/errors.ts';
import { nvidiaDriver } from '../../formats/nvidia.ts';
import { compareVersions, type Fit } from './manifest.ts';

export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Version of glibc; null where the system has another C library. */
  readonly libc: string | null;
  /** Version of the NVIDIA driver; null where there is none, or it does not answer. */
  readonly driver: string | null;
}

export async function thisMachine(): Promise<Machine> {
  const { platform, arch } = process;
  return { platform, arch, libc: glibcVersion(), driver: await nvidiaDriver() };
}

function glibcVersion(): string | null {
  const { header } = process.report.getReport() as { readonly header?: { readonly glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime ?? null;
}

/** Throws an `InputError` at `file` that says why a pack cannot run on a machine and what would mend it. */
export function checkFit(pack: Fit, machine: Machine, file: string): void {
  const refuse = (reason: string): never => {
    throw new InputError(reason, { file });
  };
  if (pack.platform !== machine.platform || pack.arch !== machine.arch) {
    refuse(
      `is for ${pack.platform}-${pack.arch}, this machine is ${machine.platform}-${machine.arch}; choose a pack for it`,
    );
  }
  if (machine.libc === null) refuse(`needs glibc ${pack.libc} or later; this system has another C library`);
  else if (compareVersions(machine.libc, pack.libc) < 0) {
    refuse(`needs glibc ${pack.libc} or later, this system has ${machine.libc}; it takes a newer Linux`);
  }
  if (pack.driver === null) return;
  if (machine.driver === null) {
    refuse(
      `needs an NVIDIA driver ${pack.driver} or later, and none answers here; install the driver of your card first`,
    );
  } else if (compareVersions(machine.driver, pack.driver) < 0) {
    refuse(`needs an NVIDIA driver ${pack.driver} or later, this machine has ${machine.driver}; update the driver`);
  }
}
