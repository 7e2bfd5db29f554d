/**
 * How a view and the host speak. Each view has one file beside this one with two discriminated unions, `ToHost` and `ToView`; both ends
 * validate what arrives. The host owns the data: it answers `ready` with a complete `state`, since VS Code drops what is posted to a
 * hidden view, and sends a new one whenever the data changed. The view owns its arrangement: scroll, sorting, which section is open.
 */
import * as z from 'zod';

/** Compiled schemas need `eval`, which a webview's Content-Security-Policy forbids. */
z.config({ jitless: true });

/** A view has loaded, or is shown again: it needs everything. */
export const ready = z.object({ type: z.literal('ready') });

/** The host could not do what a message asked; the text is for the user. `about` is the type of that message. */
export const fault = z.object({ type: z.literal('fault'), about: z.string(), message: z.string() });
export type Fault = z.infer<typeof fault>;

/** A complete snapshot. Its parts are built by the host of the same version: their shape is the compiler's business. */
export const stateOf = <State>() =>
  z.object({ type: z.literal('state'), state: z.custom<State>((value) => typeof value === 'object') });

/** A link that the view asks the host to follow: an image, a label file at a line. */
export const openFile = z.object({ type: z.literal('open-file'), path: z.string(), line: z.int().min(1).optional() });

/** A file or folder to be shown where it lies. */
export const reveal = z.object({ type: z.literal('reveal'), path: z.string() });
