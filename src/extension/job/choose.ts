/** The pickers for a dataset and for a base. Undefined where they are dismissed. */
import * as vscode from 'vscode';

export async function chooseDataset(): Promise<string | undefined> {
  const [chosen] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Choose a folder of images: a folder for each class, or with data.yaml'),
      openLabel: vscode.l10n.t('Fine-Tune'),
      canSelectFolders: true,
      canSelectFiles: false,
      ...startingAt(),
    })) ?? [];
  return chosen?.fsPath;
}

/** A model on the disk, or the id of one on the hub. */
export async function chooseBase(): Promise<string | undefined> {
  const folder = {
    label: vscode.l10n.t('Model folder…'),
    detail: vscode.l10n.t('with config.json and model.safetensors'),
    id: 'folder',
  };
  const file = {
    label: vscode.l10n.t('Model file…'),
    detail: vscode.l10n.t('a YOLO checkpoint (.pt) for boxes, or an ONNX model'),
    id: 'file',
  };
  const hub = {
    label: vscode.l10n.t('Hugging Face model…'),
    detail: vscode.l10n.t('by its id; it is downloaded when it is first used'),
    id: 'hub',
  };
  const how = await vscode.window.showQuickPick([folder, file, hub], { title: vscode.l10n.t('Choose a base model') });
  if (how === undefined) return undefined;
  return how.id === 'hub' ? await askHub() : await browseBase(how.id === 'folder');
}

async function browseBase(folders: boolean): Promise<string | undefined> {
  const [chosen] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Choose a base model'),
      canSelectFolders: folders,
      canSelectFiles: !folders,
      ...(folders ? {} : { filters: { [vscode.l10n.t('Models')]: ['pt', 'onnx'] } }),
      ...startingAt(),
    })) ?? [];
  return chosen?.fsPath;
}

const HUB_ID = /^(hf:)?[\w.-]+\/[\w.-]+(@[\w./-]+)?$/;

async function askHub(): Promise<string | undefined> {
  const id = await vscode.window.showInputBox({
    title: vscode.l10n.t('Hugging Face model'),
    prompt: vscode.l10n.t('owner/name, with @revision for a certain one'),
    placeHolder: 'google/vit-base-patch16-224',
    validateInput: (text) =>
      text === '' || HUB_ID.test(text.trim()) ? undefined : vscode.l10n.t('write owner/name or owner/name@revision'),
  });
  const trimmed = id?.trim() ?? '';
  if (trimmed === '') return undefined;
  return trimmed.startsWith('hf:') ? trimmed : `hf:${trimmed}`;
}

function startingAt(): { defaultUri?: vscode.Uri } {
  const root = vscode.workspace.workspaceFolders?.[0]?.uri;
  return root === undefined ? {} : { defaultUri: root };
}
