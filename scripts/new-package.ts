/** What a new implementation of a seam begins as: the files of its package, whose calls say that they are not written yet. */

export interface NewPackage {
  /** From the root of the repository. */
  readonly folder: string
  /** The file to write it in, from the root. */
  readonly adapter: string
  readonly files: Readonly<Record<string, string>>
}

interface Kind {
  /** The type of the seam in `@seamark/core`, and the word that ends the name of a factory. */
  readonly type: string
  readonly word: string
  /** Expression of `guarantees`: the least that one may claim. */
  readonly guarantees: string
  /** Methods that give a promise, and those that give an iterable. */
  readonly promises: readonly string[]
  readonly iterables?: readonly string[]
  /** More names of `@seamark/kit` and types of `@seamark/core` that the adapter uses. */
  readonly kit?: readonly string[]
  readonly core?: readonly string[]
  /** A member of the seam that its maker chooses: name, type, and what the test gives. */
  readonly option?: readonly [name: string, type: string, about: string, value: string]
  /** Its factory gives a journal together with the projections that it writes, and both are held to their suites. */
  readonly store?: true
  /** What a subject of the suite has besides, as members of an object, and a type that they use. */
  readonly subject?: readonly string[]
}

const claims = (...names: readonly string[]): string =>
  `{ ${names.map((name) => `${name}: { value: false, proof: 'unproven' }`).join(', ')} }`

const fills = (name: string): string =>
  `${name}: async () => { throw new Error('Write in test/subject.ts how a case has \`${name}\` done.') }`

const asking = (id: string): string =>
  `{ principal: { id: '${id}' }, action: 'run.submit', resource: { ns: 'default' } }`

const kinds: Readonly<Record<string, Kind>> = {
  anchor: {
    type: 'AuditAnchor',
    word: 'Anchor',
    guarantees: claims('beyondOperator', 'time'),
    promises: ['anchor', 'check', 'latest'],
    subject: [fills('damage'), fills('remove')],
  },
  authorizer: {
    type: 'Authorizer',
    word: 'Authorizer',
    guarantees: '{}',
    promises: ['authorize'],
    subject: [`allowed: ${asking('somebody')}`, `denied: ${asking('nobody')}`],
  },
  executor: {
    type: 'Executor',
    word: 'Executor',
    guarantees: `{
      isolation: { value: 'none', proof: 'unproven' },
      network: { value: 'host', proof: 'unproven' },
      filesystem: 'host',
      tree: { value: 'best-effort', proof: 'unproven' },
      limits: NO_LIMITS,
      input: false,
      outlivesService: false,
    }`,
    promises: ['launch', 'attach', 'kill', 'reap'],
    iterables: ['events', 'output', 'list'],
    kit: ['NO_LIMITS'],
  },
  journal: {
    type: 'Journal',
    word: 'Journal',
    guarantees: claims('durable', 'fenced', 'reserve', 'erasing'),
    promises: ['acquire', 'append', 'commitCheckpoint', 'head', 'hashes', 'saveState', 'loadState', 'purge', 'close'],
    iterables: ['read'],
    store: true,
  },
  runtime: {
    type: 'RuntimeAdapter',
    word: 'Runtime',
    guarantees: '{ interactive: false }',
    promises: ['prepare'],
    iterables: ['drive'],
  },
  secrets: {
    type: 'SecretStore',
    word: 'Secrets',
    guarantees: '{}',
    promises: ['resolve', 'describe'],
    subject: [fills('put'), fills('remove')],
  },
  signer: {
    type: 'Signer',
    word: 'Signer',
    guarantees: claims('keyConfined'),
    promises: ['sign', 'publicKey'],
    core: ['KeyRole'],
    option: ['role', 'KeyRole', 'What its key is for.', "'log'"],
  },
  storage: {
    type: 'StorageProvider',
    word: 'Storage',
    guarantees: claims('durable', 'conditionalWrite', 'verifiedRead', 'verifiedRange'),
    promises: ['put', 'get', 'head'],
    iterables: ['list'],
  },
  workspaces: {
    type: 'Workspaces',
    word: 'Workspaces',
    guarantees: '{}',
    promises: ['resolve', 'materialize', 'diff'],
    iterables: ['snapshot'],
    subject: [`source: { from: '/' }`, `files: {}`],
  },
}

export const KINDS: readonly string[] = Object.keys(kinds)

const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/
const MAX_NAME = 40

/** What is wrong with what a caller asks for, all of it. */
export function requestProblems(kind: string, name: string): readonly string[] {
  return [
    ...(Object.hasOwn(kinds, kind) ? [] : [`KIND: no such kind: ${JSON.stringify(kind)}. One of ${KINDS.join(', ')}.`]),
    ...(NAME.test(name) && name.length <= MAX_NAME
      ? []
      : [`NAME: ${JSON.stringify(name)} is no name. Up to ${MAX_NAME} of a-z, 0-9 and -, such as nomad.`]),
  ]
}

/**
 * The package of a new implementation of a seam. Its texts are as the repository's format has them, once prettier was
 * there.
 * @throws where `requestProblems` has any
 */
export function newPackage(kind: string, name: string): NewPackage {
  const seam = kinds[kind]
  if (seam === undefined || requestProblems(kind, name).length > 0)
    throw new Error(requestProblems(kind, name).join('\n'))
  const id = `${kind}-${name}`
  const folder = `packages/${id}`
  const pascal = name.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())
  const factory = `${pascal.slice(0, 1).toLowerCase()}${pascal.slice(1)}${seam.word}`
  const words = { kind, name, id, seam, factory, options: `${pascal}${seam.word}Options`, file: `${name}-${kind}.ts` }
  return {
    folder,
    adapter: `${folder}/src/${words.file}`,
    files: {
      [`${folder}/package.json`]: manifestOf(words),
      [`${folder}/README.md`]: readmeOf(words),
      [`${folder}/src/index.ts`]: indexOf(words),
      [`${folder}/src/${words.file}`]: adapterOf(words),
      [`${folder}/test/subject.ts`]: seam.store ? storeSubjectOf(words) : subjectOf(words),
      [`${folder}/test/conformance.test.ts`]: seam.store ? STORE_TEST : testOf(words),
      [`.changeset/${id}.md`]: `---\n'@seamark/${id}': minor\n---\n\nNew: \`${factory}\`, ${article(seam.type)} on ${name}.\n`,
    },
  }
}

interface Words {
  readonly kind: string
  readonly name: string
  readonly id: string
  readonly seam: Kind
  readonly factory: string
  readonly options: string
  readonly file: string
}

const article = (type: string): string => `${/^[AEIOU]/.test(type) ? 'an' : 'a'} \`${type}\``
const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

function manifestOf({ id, name, seam }: Words): string {
  const manifest = {
    name: `@seamark/${id}`,
    version: '0.1.0',
    description: `${seam.type} on ${name}.`,
    license: 'Apache-2.0',
    type: 'module',
    repository: {
      type: 'git',
      url: 'git+https://github.com/seamark/seamark.git',
      directory: `packages/${id}`,
    },
    engines: { node: '^22.22.2 || ^24.15 || >=26' },
    sideEffects: false,
    exports: { '.': { source: './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' } },
    files: ['dist', 'README.md', 'LICENSE'],
    scripts: { build: 'tsup --config ../../tsup.config.ts' },
    publishConfig: { access: 'public' },
    dependencies: { '@seamark/core': 'workspace:*', '@seamark/kit': 'workspace:*' },
    devDependencies: { '@seamark/conformance': 'workspace:*' },
  }
  return `${JSON.stringify(manifest, undefined, 2)}\n`
}

function readmeOf({ id, name, seam, factory }: Words): string {
  const given = seam.option === undefined ? '' : `{ ${seam.option[0]}: ${seam.option[3]} }`
  return `# @seamark/${id}

${capital(article(seam.type))} on ${name}.

\`\`\`sh
npm install @seamark/${id}
\`\`\`

\`\`\`ts
import { ${factory} } from '@seamark/${id}'

const ${seam.store ? '{ journal, projections }' : seam.word.toLowerCase()} = ${factory}(${given})
\`\`\`
`
}

const indexOf = ({ name, seam, factory, options, file }: Words): string => `/**
 * ${capital(article(seam.type))} on ${name}.
 *
 * @module
 */
export { ${factory} } from './${file}'
export type { ${options} } from './${file}'
`

function adapterOf({ kind, name, id, seam, factory, options, file }: Words): string {
  const [option, type, about] = seam.option ?? []
  const members = [
    ...(option === undefined ? [] : [`${option},`]),
    `guarantees: ${seam.guarantees},`,
    ...seam.promises.map((method) => `${method}: async () => unwritten('${method}'),`),
    ...(seam.iterables ?? []).map((method) => `${method}: () => unwritten('${method}'),`),
  ]
  const types = [seam.type, ...(seam.core ?? []), ...(seam.store ? ['Projections'] : [])].toSorted()
  const head = [`spec: '${kind}/v1',`, `kind: '${name}',`, 'name,']
  const body = [...head, ...members].join('\n    ')
  const projections = head.join('\n').replace(kind, 'projections')
  const made = seam.store
    ? `{ journal: {\n${body}\n}, projections: {\n${projections}\nguarantees: {},\nquery: async () => unwritten('query'),\n} }`
    : `{\n    ${body}\n  }`
  const result = seam.store ? '{ readonly journal: Journal, readonly projections: Projections }' : seam.type
  return `import type { ${types.join(', ')} } from '@seamark/core'
import { ${[...(seam.kit ?? []), 'SeamError'].join(', ')} } from '@seamark/kit'

export interface ${options} {${option === undefined ? '' : `\n  /** ${about} */\n  readonly ${option}: ${type}`}
  /** Name of this instance. Default \`${name}\`. */
  readonly name?: string
}

function unwritten(method: string): never {
  throw new SeamError('UNSUPPORTED', \`${kind} ${name}: \${method} is not written yet.\`, {
    remedy: 'Write it in packages/${id}/src/${file}.',
  })
}

/** ${capital(article(seam.type))} on ${name}${seam.store ? ', and the projections that its transactions write' : ''}. Does nothing until first use. */
export function ${factory}({ ${option === undefined ? '' : `${option}, `}name = '${name}' }: ${options}${option === undefined ? ' = {}' : ''}): ${result} {
  return ${made}
}
`
}

function subjectOf({ kind, seam, factory }: Words): string {
  const given = seam.option === undefined ? '' : `{ ${seam.option[0]}: ${seam.option[3]} }`
  const type = seam.subject === undefined ? `Subject<${seam.type}>` : `${seam.word}Subject`
  const imports =
    seam.subject === undefined
      ? `import type { Subject } from '@seamark/conformance'\nimport type { ${seam.type} } from '@seamark/core'`
      : `import type { ${type} } from '@seamark/conformance/${kind}'`
  return `${imports}
import { ${factory} } from '../src/index.ts'

/** A fresh instance for one case of the suite, alone with what it keeps. */
export async function subject(): Promise<${type}> {
  const open = () => ${factory}(${given})
  return {
    seam: open(),
    reopen: async () => open(),
${(seam.subject ?? []).map((member) => `    ${member},\n`).join('')}    dispose: async () => undefined,
  }
}
`
}

const storeSubjectOf = ({
  factory,
}: Words): string => `import type { FreshStore } from '@seamark/conformance/projections'
import { ${factory} } from '../src/index.ts'

/** A fresh store for one case of the suites, alone with what it keeps. */
export function freshStore(): FreshStore {
  let store = ${factory}()
  return {
    current: () => store,
    reopen: async () => (store = ${factory}()),
    dispose: async () => undefined,
  }
}
`

const STORE_TEST = `import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { journalSuite } from '@seamark/conformance/journal'
import { journalOf, projectionsOf, projectionsSuite } from '@seamark/conformance/projections'
import { describe, it } from 'vitest'
import { freshStore } from './subject.ts'

const journals = journalOf(freshStore)
const projections = projectionsOf(freshStore)

for (const register of [registerSuite, registerSaboteurs]) {
  register(journalSuite, journals, { describe, it })
  register(projectionsSuite, projections, { describe, it })
}
registerSuite(underTraits(journalSuite, journals), journals, { describe, it })
registerSuite(underTraits(projectionsSuite, projections), projections, { describe, it })
`

const testOf = ({
  kind,
}: Words): string => `import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { ${kind}Suite } from '@seamark/conformance/${kind}'
import { describe, it } from 'vitest'
import { subject } from './subject.ts'

registerSuite(${kind}Suite, subject, { describe, it })
registerSaboteurs(${kind}Suite, subject, { describe, it })
registerSuite(underTraits(${kind}Suite, subject), subject, { describe, it })
`
