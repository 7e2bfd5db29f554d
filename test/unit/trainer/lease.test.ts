import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { Lease } from '../../../src/shared/run/lease.ts';
import { livenessOf, machineId, processStart, readLease } from '../../../src/shared/run/liveness.ts';
import { takeLease } from '../../../src/trainer/lease.ts';
import { bundle, newRun, useWorkspace } from './temporary-run.ts';

const workspace = useWorkspace();
const fast = { heartbeatMs: 50 };

const here: Lease = {
  version: 1,
  host: 'here',
  machine: machineId(),
  pid: process.pid,
  processStart: processStart(process.pid),
  since: 0,
  released: false,
};
const elsewhere: Lease = { ...here, host: 'elsewhere', machine: 'another', pid: 1 };

/** A process id that was used and is free again. */
const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;

function place(folder: string, lease: Lease | string, secondsAgo: number, number = 1): string {
  const path = join(folder, 'lease', `${number}.json`);
  mkdirSync(join(folder, 'lease'), { recursive: true });
  writeFileSync(path, typeof lease === 'string' ? lease : JSON.stringify(lease));
  const then = Date.now() / 1000 - secondsAgo;
  utimesSync(path, then, then);
  return path;
}

describe('takeLease', () => {
  it('refuses a second trainer and names the first, until it lets go', async () => {
    const folder = await newRun(workspace);
    const lease = await takeLease(folder, fast);
    await expect(takeLease(folder, fast)).rejects.toThrow(`is being trained by process ${process.pid} on `);
    await lease.release();
    expect(livenessOf(readLease(folder)!)).toBe('free');
    const next = await takeLease(folder, fast);
    next.check();
    await next.release();
  });

  it('gives a dead lease to exactly one of many that want it at once', async () => {
    const folder = await newRun(workspace);
    place(folder, { ...here, pid: deadPid(), processStart: '1' }, 1);
    const takes = await Promise.allSettled(Array.from({ length: 12 }, () => takeLease(folder, fast)));
    const taken = takes.flatMap((take) => (take.status === 'fulfilled' ? [take.value] : []));
    expect(taken).toHaveLength(1);
    expect(readdirSync(join(folder, 'lease'))).toEqual(['2.json']);
    await taken[0]!.release();
  });

  it('takes over from a process that was killed, at once', async () => {
    const folder = await newRun(workspace);
    const script = bundle(
      workspace.root,
      `import { takeLease } from '../../../src/trainer/lease.ts';
       await takeLease(process.argv[2]);
       console.log('held');
       setInterval(() => {}, 1000);`,
    );
    const holder = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    await expect(takeLease(folder)).rejects.toThrow(`process ${holder.pid!} on `);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await (await takeLease(folder)).release();
  });

  it('takes over from another process that was given the same id', async () => {
    const folder = await newRun(workspace);
    place(folder, { ...here, processStart: '1' }, 1);
    // Only Linux tells when a process started; elsewhere the heartbeat has to grow old first.
    expect(livenessOf(readLease(folder)!)).toBe(process.platform === 'linux' ? 'free' : 'held');
  });

  it('leaves the lease to a process of this machine that slept for a day', async () => {
    const folder = await newRun(workspace);
    place(folder, here, 86_400);
    expect(livenessOf(readLease(folder)!)).toBe(process.platform === 'linux' ? 'held' : 'doubtful');
  });

  it('watches a holder elsewhere whose heartbeat is old: one that beats again has slept, and keeps its lease', async () => {
    const folder = await newRun(workspace);
    const path = place(folder, elsewhere, 3600);
    setTimeout(() => {
      utimesSync(path, Date.now() / 1000, Date.now() / 1000);
    }, 50);
    await expect(takeLease(folder, fast)).rejects.toThrow('process 1 on elsewhere');
  });

  it('takes over from a holder elsewhere that beats no more', async () => {
    const folder = await newRun(workspace);
    place(folder, elsewhere, 3600);
    await (await takeLease(folder, fast)).release();
  });

  it.each(['', '{"version":1', '{"version":2}'])(
    'goes by the heartbeat alone of a lease that reads %j',
    async (content) => {
      const folder = await newRun(workspace);
      place(folder, content, 0);
      await expect(takeLease(folder, fast)).rejects.toThrow('by another process');
      place(folder, content, 3600);
      await (await takeLease(folder, fast)).release();
    },
  );

  it('beats while the main thread is busy', async () => {
    const folder = await newRun(workspace);
    const lease = await takeLease(folder, fast);
    const path = join(folder, 'lease', '1.json');
    await expect.poll(() => statSync(path).mtimeMs).toBeGreaterThan(readLeaseSince(path));
    utimesSync(path, 1, 1);
    const end = Date.now() + 1000;
    while (Date.now() < end && statSync(path).mtimeMs === 1000);
    expect(statSync(path).mtimeMs).toBeGreaterThan(1000);
    await lease.release();
  });

  it('tells a holder that lost its lease', async () => {
    const folder = await newRun(workspace);
    const lease = await takeLease(folder, fast);
    lease.check();
    rmSync(join(folder, 'lease', '1.json'));
    // At its next heartbeat.
    await vi.waitFor(
      () => {
        expect(() => {
          lease.check();
        }).toThrow('another trainer has taken over this run');
      },
      { timeout: 30_000 },
    );
    await lease.release();
    expect(readdirSync(join(folder, 'lease'))).toEqual([]);
  });
});

describe('processStart', () => {
  it('knows this process and not one that has ended', () => {
    expect(processStart(process.pid)).not.toBeNull();
    expect(processStart(deadPid())).toBeNull();
  });
});

function readLeaseSince(path: string): number {
  return (JSON.parse(readFileSync(path, 'utf8')) as Lease).since;
}
