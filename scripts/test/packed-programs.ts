/**
 * What a user does first with each package, as programs of plain Node: the main function of each does its work, or, where
 * it needs a service, says that it is not there. `folder` is a folder of the program's own.
 */
export interface PackedProgram {
  /** Entry points, without `@seamark/`, that it uses as `m[0]`, `m[1]`, ... */
  readonly uses: readonly string[]
  readonly program: string
}

const suiteOf = (name: string, first: string, implementation: string, make: string): PackedProgram => ({
  uses: ['conformance', `conformance/${name}`, implementation],
  program: `
    const suite = m[1].${name}Suite
    const cases = suite.cases.filter(({ id }) => id.startsWith('${name}/')).slice(0, ${first})
    const { ${/^\w+/.exec(make)?.[0]} } = m[2]
    const results = await m[0].runSuite({ ...suite, cases }, async () => ({ seam: ${make}, dispose: async () => undefined }))
    assert.ok(results.some(({ outcome }) => outcome === 'passed'), JSON.stringify(results))
    assert.deepEqual(results.filter(({ outcome }) => outcome === 'failed'), [])`,
})

const away = (name: string, call: string): PackedProgram => ({
  uses: [name],
  program: `await assert.rejects(async () => { ${call} }, (error) => error.code === 'UNAVAILABLE' || assert.fail(error))`,
})

const aws = "region: 'eu-west-1', endpoint: 'http://127.0.0.1:9', attempts: 1, timeoutMs: 5000, credentials: { accessKeyId: 'a', secretAccessKey: 'b' }" // prettier-ignore

const runtime = (name: string, factory: string, options: string): PackedProgram => ({
  uses: [name],
  program: `
    const task = { run: 'r', item: 'i', attempt: 1, prompt: 'Hi', workspaceDir: '/w', env: {} }
    assert.ok((await m[0].${factory}(${options}).prepare(task)).argv.length > 0)`,
})

export const programs: readonly PackedProgram[] = [
  suiteOf('storage', '4', 'storage-local', 'folderStorage({ dir: join(folder, String(Math.random())) })'),
  suiteOf('storage', '4', 'testing', 'memoryStorage()'),
  suiteOf('signer', '9', 'signer-local', "localSigner({ path: join(folder, 'log.pem'), role: 'log' })"),
  suiteOf('anchor', '2', 'anchor-file', 'fileAnchor({ dir: join(folder, String(Math.random())) })'),
  suiteOf('executor', '2', 'executor-process', "processExecutor({ dir: folder, name: 'p' + String(Math.random()).slice(2, 9) })"), // prettier-ignore
  suiteOf('runtime', '3', 'runtime-command', 'command()'),
  suiteOf('journal', '2', 'journal-sqlite', 'sqliteJournal({ dir: join(folder, String(Math.random())), reserveBytes: 65536 }).journal'), // prettier-ignore
  {
    uses: [
      'kit',
      'kit/files',
      'kit/aws',
      'conformance/authorizer',
      'conformance/secrets',
      'conformance/workspaces',
      'conformance/projections',
    ],
    program: `
      assert.equal(m[0].sha256Hex('').slice(0, 8), 'e3b0c442')
      assert.equal(await m[1].createFile(join(folder, 'a'), Buffer.from('a')), true)
      assert.equal(await m[1].createFile(join(folder, 'a'), Buffer.from('b')), false)
      assert.equal(m[2].fromAwsError(new Error('x'), { doing: 'a', action: 'b', resource: 'c' }) instanceof m[0].SeamError, true)
      for (const suite of [m[3].authorizerSuite, m[4].secretsSuite, m[5].workspacesSuite, m[6].projectionsSuite]) assert.ok(suite.cases.length > 0)`,
  },
  {
    uses: ['testing-aws', 'signer-kms'],
    program: `
      const kms = await m[0].startKms()
      const { region, endpoint, credentials } = kms
      const signer = m[1].kmsSigner({ role: 'log', keyId: kms.createKey('ECC_NIST_EDWARDS25519'), region, endpoint, credentials })
      const key = await signer.publicKey()
      assert.equal((await signer.sign(Buffer.from('a'))).keyId, key.keyId)
      await kms.close()`,
  },
  {
    uses: ['testing', 'migrate', 'journal-sqlite', 'collector', 'log'],
    program: `
      const clock = m[0].fakeClock(5)
      const { storage } = m[3].guardedStorage(m[0].memoryStorage())
      await storage.put('ns/blobs/a', Buffer.from('a'))
      assert.equal((await storage.head('ns/blobs/a')).size, 1)
      const { journal, projections } = m[0].memoryJournal()
      const to = m[2].sqliteJournal({ dir: folder, reserveBytes: 65536 })
      const log = await m[0].openLog(journal, 'acme')
      await log.append(3)
      await log.lease.release()
      const from = { journal, projections }
      await m[1].moveNamespace({ ns: 'acme', from, to, holder: 'me' })
      assert.equal((await to.journal.head('acme')).size, 3)
      await to.journal.close()
      assert.equal(Buffer.from(m[4].canonicalJson({ b: 1, a: clock.now() > 0 })).toString(), '{"a":true,"b":1}')`,
  },
  {
    uses: [
      'policy',
      'output-schema',
      'metering',
      'orchestrator',
      'journal',
      'forwarder',
      'report',
      'config',
      'runtime',
      'config/find',
      'protocol/wire',
    ],
    program: `
      assert.deepEqual(m[0].canonicalHost('EXAMPLE.com'), { ok: true, value: 'example.com' })
      assert.equal((await m[1].matchOutput({ type: 'object' }, Buffer.from('{}'))).matches, true)
      assert.equal((await m[1].matchOutput({ type: 'object' }, Buffer.from('[]'))).matches, false)
      assert.ok(m[2].budgetState())
      assert.deepEqual(m[3].lockTable().request('a', 1, 's', []), ['a'])
      assert.equal(await m[4].wakes().wait('ns', 1), false)
      assert.ok(existsSync(m[5].forwarderProgram()))
      assert.match(m[6].planGraph([{ id: 'a', needs: [], locks: [] }], [0], [[0]]), /<svg/)
      const { findings } = await m[7].runDoctor([m[7].nodeCheck(process.versions.node)], { seams: () => [], now: 0 })
      assert.deepEqual(findings.map(({ status }) => status), ['ok'], JSON.stringify(findings))
      assert.deepEqual(m[8].parsedLine('{"a":1}'), { a: 1 })
      assert.equal(await m[9].findConfig(folder), undefined)
      assert.equal(m[10].fromProblemDocument(m[10].toProblemDocument({ code: 'NOT_FOUND', message: 'a', problems: [] }, 'r')).code, 'NOT_FOUND')`,
  },
  {
    uses: ['evidence', 'encryption', 'secrets-local', 'testing', 'probes', 'worker', 'supervisor', 'executor-sandbox'],
    program: `
      const packed = await Array.fromAsync(m[0].writeTar([{ path: 'a', size: 1, body: (async function* () { yield Buffer.from('a') })() }]))
      assert.equal(Buffer.concat(packed).length % 512, 0)
      const store = m[2].fileSecrets({ dir: join(folder, 'secrets') })
      await store.set('token', Buffer.from('0123456789'))
      assert.equal(Buffer.from((await store.resolve('token')).value).toString(), '0123456789')
      assert.ok(m[1].encryptedStorage(m[3].memoryStorage(), { keys: {} }).spec)
      assert.ok(m[4].hostHere())
      assert.equal(m[5].emptyWorkspaces({ dir: folder }).spec, 'workspaces/v1')
      assert.ok(m[6].limitStrengths().cpu)
      assert.match(m[7].seatbeltProfile({ mounts: [], toolchain: [] }), /deny default/)`,
  },
  {
    uses: ['gateway', 'children', 'protocol', 'sdk', 'cli', 'server', 'testing-model'],
    program: `
      await m[0].egressGateway({}).close()
      assert.ok(m[1].CHILDREN_LIMITS && m[1].childrenDoor({ readItems: async () => ({}), version: '0' }))
      const deployment = { queues: ['default'], executors: [{ name: 'process' }], runtimes: ['command'], defaults: { queue: 'default', executor: 'process', runtime: 'command' } }
      const parsed = await m[2].parsePlanIsolated('version: 1\\nitems: [{ id: a, run: "true" }]', { deployment, timeoutMs: 30_000 })
      assert.equal(parsed.ok, true, JSON.stringify(parsed))
      await assert.rejects(m[3].seamarkClient({ socketPath: join(folder, 'none.sock') }).health(), { code: 'UNAVAILABLE' })
      assert.equal(await m[4].listens(join(folder, 'none.sock')), false)
      assert.ok(m[5].serviceHost(m[5].readServerEnvironment()))
      assert.ok(m[6].tokensOf('hello world') > 0)`,
  },
  {
    uses: ['executor-docker'],
    program: `assert.ok(await m[0].dockerExecutor({ image: 'x', socketPath: join(folder, 'none.sock') }).unavailable())`,
  },
  away('storage-s3', `await m[0].s3Storage({ bucket: 'b', ${aws} }).head('k')`),
  away('anchor-s3-lock', `await m[0].s3LockAnchor({ bucket: 'b', retentionDays: 1, ${aws} }).latest('o')`),
  away('journal-postgres', "await m[0].postgresJournal({ url: 'postgres://127.0.0.1:9/x' }).journal.head('ns')"),
  runtime('runtime-acp', 'acp', "{ argv: ['agent'] }"),
  runtime('runtime-claude-code', 'claudeCode', ''),
  runtime('runtime-codex', 'codex', ''),
]

/** The text of a program: an ES module that throws where the package does not do what is said. */
export function programText({ uses, program }: PackedProgram): string {
  return `import assert from 'node:assert/strict'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
${uses.map((name, index) => `import * as m${index} from '@seamark/${name}'`).join('\n')}
const m = [${uses.map((_, index) => `m${index}`).join(', ')}]
const folder = process.argv[2]
${program}
`
}
