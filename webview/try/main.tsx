/** Try it: base and adapter side by side on images of the user's. */
import { render } from 'preact';
import { App } from './app.tsx';
import { takeImages } from './incoming.ts';
import './try.css';

takeImages(window);
render(<App />, document.getElementById('root')!);
