/** What trainers and tasks are told of this machine's settings; none of the editor's own flags. */
import * as vscode from 'vscode';

export function processEnvironment(): NodeJS.ProcessEnv {
  const settings = vscode.workspace.getConfiguration('lowrank');
  const chosen = (key: string, name: string): NodeJS.ProcessEnv => {
    const value = settings.get<string>(key, '');
    return value === '' ? {} : { [name]: value };
  };
  return {
    ELECTRON_RUN_AS_NODE: undefined,
    NODE_OPTIONS: undefined,
    ...chosen('hub.cache', 'LOWRANK_CACHE'),
    ...chosen('hub.endpoint', 'HF_ENDPOINT'),
    ...chosen('engines.index', 'LOWRANK_ENGINE_INDEX'),
    ...chosen('engines.busy', 'LOWRANK_BUSY'),
  };
}
