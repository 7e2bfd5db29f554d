// The direction of dependencies, as docs/architecture.md draws it: each folder of src/ may import itself and what its row names.
const LAYERS = {
  shared: [],
  formats: ['shared', 'graph/tensor.ts', 'graph/onnx-types.ts'],
  fetch: ['shared', 'formats'],
  graph: ['shared'],
  data: ['shared', 'formats', 'graph/tensor.ts'],
  models: ['shared', 'formats', 'fetch', 'graph'],
  lora: ['shared', 'formats', 'graph', 'models'],
  engines: ['shared', 'formats', 'fetch', 'graph'],
  export: ['shared', 'formats', 'graph', 'models', 'lora', 'engines'],
  trainer: ['shared', 'formats', 'graph', 'data', 'models', 'lora', 'engines', 'export'],
  cli: ['shared', 'formats', 'graph', 'data', 'models', 'lora', 'engines', 'export', 'trainer'],
  // What the editor asks of a process of its own.
  tasks: ['shared', 'formats', 'graph', 'data', 'models', 'lora', 'engines', 'export', 'trainer'],
  // The editor starts trainer and tasks as processes; it touches no tensor itself.
  extension: ['shared', 'formats', 'data', 'trainer'],
};

/** Packages that one place alone may know. */
const HOMES = {
  vscode: '^src/extension/',
  'onnxruntime-node': '^src/engines/',
  '@tensorflow/tfjs-node-gpu': '^src/engines/tensorflow',
  '@napi-rs/image': '^src/data/',
  protobufjs: '^src/formats/',
  yauzl: '^src/formats/',
  'jsonc-parser': '^src/formats/',
  yaml: '^src/formats/',
  saxes: '^src/data/detection/',
  '@vscode/webview-ui-toolkit': '^webview/ui/',
  uplot: '^webview/run/',
  commander: '^src/cli/',
};

/** The part of src/shared that touches files: host and command line derive a run's state from its folder. */
const RUN_FOLDER_READER = '^src/shared/run/(event-log|liveness|read-run|send-control)\\.ts$';

const NODE = `^(${require('node:module').builtinModules.join('|')})$`;

const layerRules = Object.entries(LAYERS).map(([layer, allowed]) => ({
  name: `layer-${layer}`,
  comment: `src/${layer} may import ${allowed.length > 0 ? allowed.join(', ') : 'no other folder'}.`,
  severity: 'error',
  from: { path: `^src/${layer}/` },
  to: { path: '^(src|webview|test|scripts)/', pathNot: [layer, ...allowed].map((folder) => `^src/${folder}(/|$)`) },
}));

const homeRules = Object.entries(HOMES).map(([name, home]) => ({
  name: `home-of-${name}`,
  comment: `${name} is imported in ${home.slice(1)} only.`,
  severity: 'error',
  from: { path: '^(src|webview)/', pathNot: home },
  to: { path: `^(node_modules/)?${name}(/|$)` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...layerRules,
    ...homeRules,
    {
      name: 'extension-reaches-no-engine',
      comment: 'The editor starts trainers and shows run folders; tensors and native engines stay in their processes.',
      severity: 'error',
      from: { path: '^src/extension/' },
      to: { path: '^src/(engines|graph/ops|export)/', reachable: true },
    },
    {
      name: 'webview-imports-shared-only',
      severity: 'error',
      from: { path: '^webview/' },
      to: { path: '^(src|test|scripts)/', pathNot: '^src/shared/' },
    },
    {
      name: 'pure-code-needs-no-node',
      comment: 'Graphs, schemas and costs run in a webview too: what they import, directly or not, needs no Node.',
      severity: 'error',
      from: { path: '^(src/graph|src/shared|webview)/', pathNot: RUN_FOLDER_READER },
      to: { path: NODE, reachable: true },
    },
    { name: 'no-cycles', comment: 'Type-only cycles too.', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^vscode$' } },
    {
      name: 'declared',
      comment: 'A package that is imported at run time stands in dependencies.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only'],
        pathNot: '^(node_modules/)?(@types/)?vscode',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Sees `import type` as well.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
