// Type-aware lint. Every rule that is turned off says why.
import eslint from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** The few globals of Node that scripts use without an import. */
const NODE_GLOBALS = { Buffer: 'readonly', console: 'readonly', performance: 'readonly' };

export default defineConfig(
  { ignores: ['dist/', 'test-results/', 'test/fixtures/', '.parity/'] },
  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // Numeric loops index within bounds that the loop itself states; `!` is how `noUncheckedIndexedAccess` is told so.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Numbers in messages are the point of most messages here.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `while (true)` with a break inside is the clearest form of a reader's loop.
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // As the compiler has it: a leading underscore says that a place must be held.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_' },
      ],
      eqeqeq: 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: "ImportDeclaration[source.value='zod'] > ImportSpecifier",
          message: 'Write `import * as z`: the object z brings all of zod, its 40 languages too, into every bundle.',
        },
      ],
      'no-console': 'error',
    },
  },
  {
    files: ['src/**', 'webview/**'],
    // More than this and there is a second idea in the file.
    rules: { 'max-lines': ['error', 400] },
  },
  {
    // Configuration and scripts are plain JavaScript that Node runs as it is: no types to ask, and their output is the console.
    files: ['**/*.{mjs,cjs}'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: NODE_GLOBALS },
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: { sourceType: 'commonjs' },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
