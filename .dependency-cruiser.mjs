/**
 * Dependencies point one way. The table says, for the sources of each package, which other packages they may import,
 * types included; what is not in it is forbidden. `*` stands for any technology of a seam.
 */
const engine = ['core', 'kit', 'log', 'evidence']
const implementation = ['core', 'kit', 'log', 'journal', 'worker', 'supervisor']

/** @type {Record<string, string[]>} */
const mayImport = {
  core: [],
  kit: ['core'],
  log: ['core', 'kit'],
  metering: ['core', 'kit'],
  report: ['core', 'kit'],
  collector: ['core', 'kit'],
  policy: ['core', 'kit', 'log'],
  journal: ['core', 'kit', 'log'],
  evidence: ['core', 'kit', 'log'],
  orchestrator: [...engine, 'metering'],
  worker: ['core', 'forwarder', 'kit', 'log', 'output-schema', 'policy'],
  'output-schema': ['core', 'kit'],
  children: ['core', 'kit'],
  supervisor: ['core', 'kit'],
  gateway: ['core', 'kit', 'metering', 'policy'],
  forwarder: ['kit'],
  'journal-*': implementation,
  'storage-*': implementation,
  'executor-*': [...implementation, 'forwarder'],
  'signer-*': implementation,
  'anchor-*': implementation,
  'authorizer-*': implementation,
  runtime: ['core', 'kit', 'policy'],
  'runtime-*': [...implementation, 'policy', 'runtime'],
  'secrets-*': implementation,
  'workspaces-*': implementation,
  protocol: ['core', 'kit', 'output-schema', 'policy'],
  config: ['core', 'kit', 'protocol'],
  sdk: ['core', 'kit', 'protocol'],
  cli: ['core', 'kit', 'log', 'evidence', 'protocol', 'config', 'sdk'],
  migrate: ['core', 'kit', 'log'],
  probes: ['core', 'forwarder', 'kit', 'log'],
  conformance: ['core', 'kit', 'log'],
  testing: ['core', 'kit', 'log', 'journal'],
  'testing-services': ['core', 'kit'],
  'testing-aws': [],
  'testing-model': ['core', 'kit'],
  encryption: ['core', 'kit'],
}

/** Files that do no I/O: of Node's own modules they may use hashing and bytes only. */
const pure = [
  '^packages/(log|evidence|policy|metering)/src/',
  '^packages/orchestrator/src/(?:decide|fold|schedule|react|locks|heap|state|commands|check-submission|ledger|project|records|snapshot|tasks|waiting)[^/]*[.]ts$',
]

const pattern = (name) => name.replace('*', '[^/]+')
const sources = (name) => `^packages/(?:${pattern(name)})/(?:src|bin)/`

const directions = Object.entries(mayImport).map(([name, allowed]) => ({
  name: `direction-${name.replace('-*', '')}`,
  severity: 'error',
  comment: `${name} may import ${allowed.length > 0 ? allowed.join(', ') : 'no other package'}.`,
  from: { path: name.endsWith('*') ? `^packages/(${pattern(name)})/(?:src|bin)/` : sources(name) },
  to: {
    path: '^packages/',
    // An implementation may import its own files, never those of a neighbour of the same seam.
    pathNot: `^packages/(?:${[name.endsWith('*') ? '$1' : name, ...allowed].join('|')})/`,
  },
}))

export default {
  forbidden: [
    ...directions,
    {
      name: 'direction-unknown-package',
      severity: 'error',
      comment: 'Every package has a line in the table of .dependency-cruiser.mjs.',
      from: {
        path: '^packages/',
        pathNot: Object.keys(mayImport).map((name) => `^packages/(?:${pattern(name)})/`),
      },
      to: {},
    },
    {
      name: 'no-import-of-apps',
      severity: 'error',
      comment: 'apps/, examples/, bench/ and scripts/ are at the end of every chain.',
      from: { path: '^packages/' },
      to: { path: '^(?:apps|examples|bench|scripts)/' },
    },
    {
      name: 'no-import-of-tests',
      severity: 'error',
      comment: 'Sources do not import tests.',
      from: { path: '/(?:src|bin)/' },
      to: { path: '^(?:packages|apps)/[^/]+/test/' },
    },
    {
      name: 'no-deep-import',
      severity: 'error',
      comment: 'Another package is imported by its name, never by a relative path.',
      from: { path: '^(packages|apps)/([^/]+)/' },
      to: { path: '^(?:packages|apps)/', pathNot: '^$1/$2/', dependencyTypes: ['local'] },
    },
    {
      name: 'no-cycle',
      severity: 'error',
      comment: 'No cycles, type-only imports included.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolved',
      severity: 'error',
      comment: 'Every import is declared in the package that has it.',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-dev-dependency-in-sources',
      severity: 'error',
      comment: 'Published sources use published dependencies.',
      from: { path: '^packages/[^/]+/(?:src|bin)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: ['^packages/', '/@types/'] },
    },
    {
      name: 'pure-files-do-no-io',
      severity: 'error',
      comment: 'Pure files use no module of Node but node:crypto and node:buffer.',
      from: { path: pure },
      to: { dependencyTypes: ['core'], pathNot: '^(?:node:)?(?:crypto|buffer)$' },
    },
    {
      name: 'vendor-sdk-in-port',
      severity: 'error',
      comment: "A vendor's client is imported only in a file named *-port.ts.",
      from: { path: '^(?:packages|apps)/', pathNot: '-port[.]ts$' },
      to: {
        path: 'node_modules/(?:@aws-sdk|@smithy|@google-cloud|@azure|@kubernetes|dockerode)/|^(?:@aws-sdk|@smithy|@kubernetes)/',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|/dist/' },
    exclude: { path: '/dist/' },
    tsPreCompilationDeps: true,
    preserveSymlinks: false,
    enhancedResolveOptions: {
      conditionNames: ['source', 'import', 'types', 'node', 'default'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.mts', '.js', '.mjs', '.json', '.d.ts'],
    },
  },
}
