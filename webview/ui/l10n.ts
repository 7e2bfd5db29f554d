/** The texts of a view in the user's language. The host writes the bundle of `vscode.l10n` into the page. */
import * as l10n from '@vscode/l10n';

const { l10n: bundle } = document.body.dataset;
if (bundle !== undefined && bundle !== '') l10n.config({ contents: JSON.parse(bundle) as Record<string, string> });

export const t = l10n.t;
