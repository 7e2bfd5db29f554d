/** The trainer's process: `node trainer.js RUN`. Exit 0 done, 1 the input's fault, 3 stopped with its state saved, 70 our own fault. */
import { hostname } from 'node:os';
import { InputError, messageOf } from '../shared/errors.ts';
import { readEvents } from '../shared/run/event-log.ts';
import type { NewRunEvent } from '../shared/run/events.ts';
import { latestCheckpoint } from './checkpoint.ts';
import { Commands } from './commands.ts';
import { ControlReader } from './control.ts';
import { DeviceHold } from './device-hold.ts';
import { withPatience } from './extend-run.ts';
import { takeLease } from './lease.ts';
import { RunLog } from './run-log.ts';
import { train } from './train.ts';
import { withinMemory } from './within-memory.ts';
import type { Ending } from './ending.ts';

const EXIT = { finished: 0, failed: 1, stopped: 3 } as const satisfies Record<Ending['type'], number>;
/** `EX_SOFTWARE` of sysexits.h. */
const EXIT_INTERNAL = 70;

async function main(folder: string): Promise<number> {
  const lease = await takeLease(folder);
  try {
    const { checkpoint: latest, damaged } = await latestCheckpoint(folder);
    const checkpoint = latest && withPatience(latest, (await readEvents(folder)).events);
    const log = await RunLog.open(folder, checkpoint?.progress.step ?? 0, lease);
    const record = (event: NewRunEvent): void => {
      log.record(event);
    };
    const commands = new Commands(new ControlReader(folder, record), record);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        commands.signal();
      });
    }
    const process_ = { host: hostname(), pid: process.pid };
    const progress = checkpoint?.progress;
    record(
      progress === undefined
        ? { type: 'started', ...process_ }
        : { type: 'resumed', ...process_, step: progress.step, epoch: progress.epoch },
    );
    for (const message of damaged) record({ type: 'warning', message });
    const device = new DeviceHold();
    try {
      const ending = await withinMemory({ folder, log, commands, checkpoint, device }, train);
      record(ending);
      return EXIT[ending.type];
    } catch (error) {
      const cause = error instanceof InputError ? 'input' : 'internal';
      if (cause === 'internal') log.log(error instanceof Error ? (error.stack ?? error.message) : String(error));
      record({ type: 'failed', step: progress?.step ?? 0, cause, message: messageOf(error) });
      return cause === 'input' ? EXIT.failed : EXIT_INTERNAL;
    } finally {
      log.close();
      await device.release();
    }
  } finally {
    await lease.release();
  }
}

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: trainer RUN\n');
  process.exitCode = 2;
} else {
  process.exitCode = await main(folder).catch((error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    return 1;
  });
}
