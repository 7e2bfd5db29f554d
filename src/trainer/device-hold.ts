/** The device that this trainer has for itself: taken before the step is compiled for it, given back when the process ends. */
import { env } from 'node:process';
import { type Busy, BUSY_CHOICES, takeDevice } from '../engines/device-lease.ts';
import type { Claim } from '../formats/claim.ts';
import { InputError } from '../shared/errors.ts';
import type { ChosenDevice } from './choose-engine.ts';
import type { Commands } from './commands.ts';
import { checkRoom } from './device-room.ts';
import type { Ending } from './ending.ts';
import type { RunLog } from './run-log.ts';

export interface Waiting {
  /** The run's folder. */
  readonly run: string;
  readonly log: Pick<RunLog, 'record'>;
  readonly commands: Pick<Commands, 'obey'>;
  /** Updates done so far, and the seconds they took. */
  readonly step: number;
  readonly seconds: number;
}

export class DeviceHold {
  readonly #busy: Busy;
  #held: { readonly key: string; readonly claim: Claim } | undefined;

  constructor(busy = busyChoice(env['LOWRANK_BUSY'])) {
    this.#busy = busy;
  }

  /**
   * Waits where another run has it, if so set, and says so in the run's events; returns the run's end where it was stopped meanwhile.
   * `needed`: bytes of one step; null where they do not count. Throws an `InputError` where the device is busy, by whom.
   */
  async take(
    { device, needed }: { readonly device: ChosenDevice; readonly needed: number | null },
    { run, log, commands, step, seconds }: Waiting,
  ): Promise<Ending | undefined> {
    const { shared } = device;
    if (shared === null || shared.key === this.#held?.key) return undefined;
    await this.release();
    let ending: Ending | undefined;
    const nothing = (): Promise<void> => Promise.resolve();
    const claim = await takeDevice(shared, {
      run,
      busy: this.#busy,
      onWait: (what) => {
        log.record({ type: 'preparing', what });
      },
      interrupted: async () => {
        ending = await commands.obey({ step, seconds: () => seconds, checkpoint: nothing, paused: (wait) => wait });
        return ending;
      },
    });
    if (claim === null) return ending;
    this.#held = { key: shared.key, claim };
    if (needed !== null) await checkRoom(needed, device);
    return undefined;
  }

  async release(): Promise<void> {
    await this.#held?.claim.release();
    this.#held = undefined;
  }
}

/** `LOWRANK_BUSY`, which the command line and the editor set. Throws an `InputError` for what is no choice. */
function busyChoice(text = 'wait'): Busy {
  const choice = BUSY_CHOICES.find((each) => each === text);
  if (choice !== undefined) return choice;
  throw new InputError(`LOWRANK_BUSY is ${JSON.stringify(text)}; it may be ${BUSY_CHOICES.join(' or ')}`);
}
