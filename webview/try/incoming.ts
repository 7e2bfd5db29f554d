/** Images that are pasted or dropped: files are read here and sent, what comes from the Explorer is sent by its address. */
import { MAX_PASTED, MAX_PASTED_BYTES, type PastedImage } from '../../src/shared/protocol/try.ts';
import { faultText } from '../ui/fault.ts';
import { t } from '../ui/l10n.ts';
import { post, state } from './store.ts';

/** What the Explorer of VS Code drags; browsers say `text/uri-list`. */
const URI_LISTS = ['application/vnd.code.uri-list', 'text/uri-list'];

const CHUNK = 2 ** 15;

export function takeImages(target: Window): void {
  target.addEventListener('paste', (event) => {
    const files = imagesOf(event.clipboardData);
    if (files.length === 0) return;
    event.preventDefault();
    void send(files);
  });
  // Without this the editor would open what is dropped.
  target.addEventListener('dragover', (event) => {
    event.preventDefault();
  });
  target.addEventListener('drop', (event) => {
    event.preventDefault();
    const files = imagesOf(event.dataTransfer);
    const uris = urisOf(event.dataTransfer);
    if (files.length > 0) void send(files);
    else if (uris.length > 0) post({ type: 'drop', uris });
  });
}

function imagesOf(data: DataTransfer | null): File[] {
  return [...(data?.files ?? [])].filter(({ type }) => type.startsWith('image/')).slice(0, MAX_PASTED);
}

function urisOf(data: DataTransfer | null): string[] {
  const text = URI_LISTS.map((type) => data?.getData(type) ?? '').find((found) => found !== '') ?? '';
  return text
    .split(/\r?\n/)
    .filter((line) => line !== '' && !line.startsWith('#'))
    .slice(0, 1000);
}

async function send(files: readonly File[]): Promise<void> {
  if (state.value?.phase !== 'ready') return;
  if (files.reduce((sum, { size }) => sum + size, 0) > MAX_PASTED_BYTES) {
    faultText.value = t('These images are too large to be pasted; choose them as files instead.');
    return;
  }
  const images = await Promise.all(
    files.map(async (file): Promise<PastedImage> => ({ name: file.name, data: await base64Of(file) })),
  );
  post({ type: 'paste', images });
}

async function base64Of(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let binary = '';
  // As arguments of one call the bytes of an image would be too many.
  for (let start = 0; start < bytes.length; start += CHUNK)
    binary += String.fromCharCode(...bytes.subarray(start, start + CHUNK));
  return btoa(binary);
}
