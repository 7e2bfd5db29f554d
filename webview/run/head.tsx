/** What the run is, where it stands, and the buttons that speak to its trainer. */
import type { VNode } from 'preact';
import { formatDuration, formatInteger } from '../../src/shared/format.ts';
import type { RunDetails, RunHead } from '../../src/shared/protocol/run.ts';
import { isLively } from '../../src/shared/run/status.ts';
import { ProgressBar } from '../ui/bar.tsx';
import { t } from '../ui/l10n.ts';
import { Button } from '../ui/toolkit.ts';
import { post } from './store.ts';
import { statusText } from './words.ts';

interface HeadProps {
  readonly head: RunHead;
  readonly details: RunDetails;
  readonly trusted: boolean;
}

export function Head({ head, details, trusted }: HeadProps): VNode {
  const { status, step, totalSteps, preparing } = head;
  const moving = status === 'running' && (totalSteps === null || preparing !== null);
  return (
    <header class="head stack">
      <div class="row spread">
        <h1>{details.name}</h1>
        <span class={`status status-${status}`} role="status">
          {statusText(head)}
        </span>
      </div>
      <p class="muted">{describe(details)}</p>
      {details.engine !== null && <p class="muted">{engineText(details.engine)}</p>}
      <ProgressBar done={step} total={moving ? null : (totalSteps ?? 1)} label={t('Progress')} />
      <p class="figure progress-text">{progressText(head)}</p>
      <Controls head={head} trusted={trusted} />
    </header>
  );
}

function describe({ data, base, method, rank, alpha }: RunDetails): string {
  const how =
    method === 'lora'
      ? t('LoRA, rank {0}, alpha {1}', rank, alpha)
      : method === 'head'
        ? t('head alone')
        : t('every weight');
  return `${last(data)} → ${last(base)} · ${how}`;
}

/** `On CPU with TensorFlow (tensorflow-cpu), fp32: named by the job`. */
function engineText({ name, device, precision, recompute, reason }: NonNullable<RunDetails['engine']>): string {
  const library = name.startsWith('tensorflow') ? 'TensorFlow' : 'ONNX Runtime';
  const on = t('On {0} with {1} ({2}), {3}', device === 'cpu' ? t('CPU') : device, library, name, precision);
  const all = recompute === 0 ? on : t('{0}, {1} segments of a step computed again', on, recompute);
  return reason === '' ? all : `${all}: ${reason}`;
}

/** The last part of a path or of a name on the hub. */
function last(path: string): string {
  return path.split(/[\\/]/).findLast((part) => part !== '') ?? path;
}

function progressText({ status, step, totalSteps, epoch, epochs, preparing, remaining }: RunHead): string {
  if (status === 'queued') return t('Waits for the run that is training.');
  if (preparing !== null) return `${preparing} …`;
  const at = Math.min(epoch + 1, epochs);
  const parts = [
    totalSteps === null
      ? t('Step {0}', formatInteger(step))
      : t('Step {0} of {1}', formatInteger(step), formatInteger(totalSteps)),
    t('epoch {0} of {1}', at, epochs),
    remaining === null ? null : t('{0} left', formatDuration(remaining)),
  ];
  return parts.filter((part) => part !== null).join(' · ');
}

/** All places of buttons are always there, so that none moves under the pointer. */
function Controls({ head, trusted }: { readonly head: RunHead; readonly trusted: boolean }): VNode {
  const { status } = head;
  const running = status === 'running';
  const lively = isLively(status);
  if (lively || status === 'queued') {
    return (
      <div class="row">
        {running ? (
          <Button
            look="primary"
            disabled={!trusted}
            onClick={() => {
              post({ type: 'control', command: 'pause' });
            }}
          >
            {t('Pause')}
          </Button>
        ) : (
          <Button
            look="primary"
            disabled={!trusted}
            onClick={() => {
              post({ type: 'resume' });
            }}
          >
            {status === 'queued' ? t('Start now') : t('Resume')}
          </Button>
        )}
        <Button
          disabled={!trusted || !lively}
          onClick={() => {
            post({ type: 'control', command: 'checkpoint' });
          }}
        >
          {t('Save checkpoint')}
        </Button>
        <Button
          disabled={!trusted || !lively}
          onClick={() => {
            post({ type: 'control', command: 'stop' });
          }}
        >
          {t('Stop and save')}
        </Button>
      </div>
    );
  }
  return (
    <div class="row">
      {status !== 'finished' && (
        <Button
          look="primary"
          disabled={!trusted}
          onClick={() => {
            post({ type: 'resume' });
          }}
        >
          {t('Resume')}
        </Button>
      )}
      {(status === 'finished' || status === 'stopped') && (
        <Button
          disabled={!trusted}
          onClick={() => {
            post({ type: 'continue' });
          }}
        >
          {t('Continue with more epochs…')}
        </Button>
      )}
      <Button
        onClick={() => {
          post({ type: 'go', to: 'compare' });
        }}
      >
        {t('Compare…')}
      </Button>
    </div>
  );
}
