/** The adapter inspector: what an adapter saves, what each layer of it does, what a lower rank would cost, and exports. */
import { render } from 'preact';
import { App } from './app.tsx';
import './adapter.css';

render(<App />, document.getElementById('root')!);
