/** The view of a run, or of several laid over each other. */
import { render, type VNode } from 'preact';
import '../ui/base.css';
import './run.css';
import { Skeleton } from '../ui/card.tsx';
import { FaultNotice } from '../ui/fault-notice.tsx';
import { CompareView } from './compare-view.tsx';
import { RunView } from './run-view.tsx';
import { view } from './store.ts';
import { Unreadable } from './unreadable.tsx';

function App(): VNode {
  const state = view.value;
  return (
    <main class="run">
      <FaultNotice />
      {state === null && <Skeleton lines={6} />}
      {state?.kind === 'run' && <RunView {...state} />}
      {state?.kind === 'compare' && <CompareView {...state} />}
      {state?.kind === 'unreadable' && <Unreadable {...state} />}
    </main>
  );
}

render(<App />, document.getElementById('root')!);
