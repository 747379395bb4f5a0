import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BUNDLED_CHANGES, BUNDLED_TESTS, bundledRepository, bundledWanted } from './bundled-repository.ts'
import { filesInside, filesWith, lookInside, secretsIn } from './look-inside.ts'
import type { Look } from './look-inside.ts'
import { claudeCode, codex, PROGRAMS } from './real-programs.ts'
import type { Priced, RealProgram } from './real-programs.ts'
import { itemFor, keys, realServices } from './real-service.ts'
import type { Ran, RealService, RealServiceOptions } from './real-service.ts'
import { applied, patchTo } from './tide.ts'

const inside = secretsIn(keys)
const hasKey = (bytes: Buffer): boolean => inside(bytes).length > 0
/** What the model says, so that a look that does not find it proves nothing. */
const beacon = `beacon-${randomBytes(8).toString('hex')}`
const hasBeacon = (bytes: Buffer): boolean => bytes.includes(beacon)
const mark = `real-${randomBytes(4).toString('hex')}`

const begin = realServices()
let service: RealService

async function serve(options: RealServiceOptions, files: Readonly<Record<string, string>>): Promise<void> {
  service = await begin(options, files)
}

/** Files that are kept, but for the secrets themselves. */
const kept = (found: (bytes: Buffer) => boolean): string[] =>
  filesWith(service.data, found).filter((path) => !path.startsWith(join(service.data, 'secrets')))

/** Writes all that is in the environments of processes there and could be a key. */
const login = `cat /proc/[0-9]*/environ 2>/dev/null | tr '\\000' '\\n' | grep -E '^(ANTHROPIC|OPENAI)_[A-Z_]*KEY=' | sort -u > login.txt\n`

const [PORTS, CORE, KIT] = BUNDLED_CHANGES

/** Reads three files, tests, changes them, tries what it may not, tests again, writes down its key, and says that it is done. */
const turnsOf = ({ read, edit, run }: RealProgram) => [
  { answer: [{ text: `I read it, ${beacon}.` }, read(PORTS[0])] },
  { expect: { result: { contains: '那覇;26°N' } }, answer: [read(CORE[0])] },
  { expect: { result: { contains: "export type * from './workspaces.ts'" } }, answer: [read(KIT[0])] },
  {
    expect: { result: { contains: 'The little runtime' } },
    answer: [run(BUNDLED_TESTS)],
    usage: { cacheRead: 1_000 },
  },
  { expect: { result: { contains: 'fail 2' } }, answer: [edit(...PORTS)] },
  { answer: [edit(...CORE)] },
  { answer: [edit(...KIT)] },
  { answer: [run('git push origin main')] },
  { answer: [run(BUNDLED_TESTS)] },
  { expect: { result: { contains: 'pass 5' } }, answer: [run('sh login.sh')] },
  { answer: `It is done, ${beacon}.` },
]

/** To the token, and at the published price. */
async function expectCharged(run: string, { provider, model, rates }: Priced): Promise<void> {
  const { calls, tokens } = service.counted()
  const { input, output, cacheRead } = tokens
  const charged = {
    tokens: input + output + cacheRead,
    nanoUsd: input * rates.input + output * rates.output + cacheRead * rates.cacheRead,
  }
  const wanted = { calls, assumed: 0, charged, tokens }
  expect([calls, cacheRead]).toEqual([11, 1_000])
  expect(await service.usage('model')).toMatchObject([{ provider, model, ...wanted }])
  expect(await service.usage('item', run)).toMatchObject([{ run, item: 'fix', ...wanted }])
  const money = `$${(charged.nanoUsd / 1e9).toFixed(4)}`
  const said = `11 calls, ${charged.tokens.toLocaleString('en-US')} tokens, ${money}`
  expect(await service.told('status', run)).toContain(`  charged: ${said}\n`)
  expect(await service.told('status', run, 'fix')).toContain(`  charged   ${said}\n`)
  await service.told('report', run, '-o', 'run.html')
  const page = readFileSync(join(service.dir, 'run.html'), 'utf8')
  for (const words of [provider, model, money]) expect(page).toContain(words)
}

/** Not in what commands say, and not in what is kept. */
async function expectNoKey(run: string, ran: Ran): Promise<void> {
  const logs = [
    ['logs', run, 'fix'],
    ['logs', run, 'fix', '--stderr'],
    ['status', run],
  ]
  const ended = [ran]
  for (const argv of logs) ended.push({ ...ran, ...(await service.seamark(...argv)) })
  const said = Buffer.from(ended.map(({ out, err }) => out + err).join('\n'))
  expect([said.includes(beacon), inside(said)]).toEqual([true, []])
  expect(inside(readFileSync(join(service.dir, 'run.tar')))).toEqual([])
  expect(kept(hasKey)).toEqual([])
  expect(kept(hasBeacon).length).toBeGreaterThan(0)
}

describe.each(PROGRAMS)('$name (as root, with bubblewrap)', (program) => {
  it(
    'edits a repository with a history in the sandbox, and leaves what was meant and no key',
    { timeout: 600_000 },
    async () => {
      const { reads, edits, runs, host, secret, bearer, priced, variable } = program
      const id = `${mark}-${program.name}`
      const turns = turnsOf(program)
      const looks: Look[] = []
      const files = { key: [''], beacon: [''] }
      let came = 0
      const asked = async (): Promise<undefined> => {
        came++
        // A look takes seconds.
        if (came % 3 === 2) looks.push(lookInside({ run: id, beacon, inside }))
        if (came < turns.length) return
        files.key = filesInside(id, hasKey)
        files.beacon = filesInside(id, hasBeacon)
      }
      await serve({ script: { turns }, asked, repository: bundledRepository }, { 'login.sh': login })
      const gates = [{ run: BUNDLED_TESTS, protect: ['test/**', 'examples/**'] }]
      const tools = { shell: ['node --test *', 'sh *', 'cat *', 'sed -i *'], deny: ['git push*'] }
      const ran = await service.run(id, [itemFor(program, { gates, tools })])
      expect(ran.code, ran.err + ran.out).toBe(0)
      expect(service.model.problems()).toEqual([])

      const patch = await service.told('patch', id, 'fix')
      const meant = { ...bundledWanted(service), 'login.txt': `${variable}=placeholder\n` }
      expect(patch).toBe(patchTo(service, meant))
      expect(applied(service, patch, Object.keys(meant))).toEqual(meant)
      expect(ran.dataOf('gate.ended')).toMatchObject([{ passed: true, exit: { code: 0 } }])

      // What starts nothing and is not asked for is not among them.
      const answers = ran.records.filter(({ kind }) => kind.startsWith('tool.'))
      expect(answers.map(({ kind, data }) => `${kind} ${String(data['tool'])}`)).toEqual([
        ...(reads === undefined ? [] : BUNDLED_CHANGES.map(([path]) => `tool.allowed ${reads(path)}`)),
        `tool.allowed ${runs(BUNDLED_TESTS)}`,
        ...BUNDLED_CHANGES.map((change) => `tool.allowed ${edits(...change)}`),
        `tool.denied ${runs('git push origin main')}`,
        `tool.allowed ${runs(BUNDLED_TESTS)}`,
        `tool.allowed ${runs('sh login.sh')}`,
      ])
      await expectCharged(id, priced)

      // The vendor was sent the key and no other credential; what the program asked for besides went nowhere.
      const key = Reflect.get(keys, secret)
      expect(service.front.seen.map((one) => [one.host, ...one.credentials])).toEqual(
        turns.map(() => [host, bearer ? `Bearer ${key}` : key]),
      )
      expect(ran.refused()).toEqual(program.refused)
      const run = { run: id, status: 'succeeded', items: 1 }
      expect(await service.verified(id)).toMatchObject({ verdict: 'verified', run })

      // The program had the answers, and nothing of the key.
      expect([...looks.flatMap(({ found }) => found), ...files.key]).toEqual([])
      expect(looks.filter(({ beacons, processes }) => beacons > 0 && processes > 1)).toHaveLength(4)
      expect(files.beacon.length).toBeGreaterThan(0)
      await expectNoKey(id, ran)
    },
  )

  it('has a home of its own for each of two items at once', { timeout: 600_000 }, async () => {
    const boats = ['nellie', 'argo']
    const turns = (boat: string) => [
      { answer: [program.run(`sh mark.sh ${boat}`)] },
      { answer: [program.run('sh look.sh')] },
      { answer: 'Done.' },
    ]
    const conversations = Object.fromEntries(boats.map((boat) => [boat, { turns: turns(boat) }]))
    // Each is marked, and waits for the other with its second request.
    const marked = Promise.withResolvers<void>()
    const came = new Map<string, number>()
    const asked = async (body: Buffer): Promise<string | undefined> => {
      const boat = boats.find((one) => body.includes(`The boat is ${one}.`))
      if (boat === undefined) return undefined
      const count = (came.get(boat) ?? 0) + 1
      came.set(boat, count)
      if (boats.every((one) => (came.get(one) ?? 0) > 1)) marked.resolve()
      if (count > 1) await marked.promise
      return boat
    }
    const files = {
      'mark.sh': 'touch "$HOME/mark-$1" "/tmp/mark-$1"\n',
      // In every home that there is.
      'look.sh': 'find /home /tmp "$HOME" -name "mark-*" 2>/dev/null | sort -u > seen.txt\n',
    }
    await serve({ script: { conversations }, asked }, files)
    const id = `${mark}-homes-${program.name}`
    const items = boats.map((boat) => itemFor(program, { id: boat, prompt: `The boat is ${boat}.` }))
    const ran = await service.run(id, items)
    expect(ran.code, ran.err + ran.out).toBe(0)
    for (const boat of boats)
      expect(await service.told('patch', id, boat)).toBe(
        patchTo(service, { 'seen.txt': `/home/agent/mark-${boat}\n/tmp/mark-${boat}\n` }),
      )
  })
})

it('a key that gets into the work fails the item, and is kept nowhere', { timeout: 600_000 }, async () => {
  const key = keys['anthropic-key']
  const turns = [{ answer: [claudeCode.run('sh key.sh')] }, { answer: 'Done.' }]
  // Only together they are the key.
  await serve({ script: { turns } }, { 'key.sh': `printf '%s' '${key.slice(0, 20)}' '${key.slice(20)}' > key.txt\n` })
  const id = `${mark}-key`
  const ran = await service.run(id, [itemFor(claudeCode)])
  expect(ran.code).toBe(11)
  expect(ran.dataOf('attempt.ended')).toMatchObject([{ outcome: 'failed', reason: 'secret' }])
  expect((await service.seamark('patch', id, 'fix')).code).not.toBe(0)
  expect(inside(Buffer.from(ran.out))).toEqual([])
  // The workspace is left for whoever is to look at it.
  const left = kept(hasKey).map((path) => [path.includes('/kept/'), path.endsWith('/key.txt')])
  expect(left).toEqual([[true, true]])
})

it.each([
  {
    name: 'Claude Code, which is told to ask for more',
    program: claudeCode,
    env: { CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '', DISABLE_AUTOUPDATER: '' },
    updates: 'claude update',
    // At its start and its end, and where it would update itself.
    refused: ['api.anthropic.com', 'registry.npmjs.org'],
  },
  { name: 'Codex', program: codex, env: {}, updates: 'codex update', refused: ['registry.npmjs.org'] },
])(
  'what $name asks for besides its model, to update itself too, is refused and recorded',
  { timeout: 600_000 },
  async ({ program, env, updates, refused }) => {
    const turns = [{ answer: [program.run('sh update.sh')] }, { answer: 'Done.' }]
    const update = `/opt/agents/node_modules/.bin/${updates} > /dev/null 2>&1; touch updated.txt\n`
    await serve({ script: { turns }, env }, { 'update.sh': update })
    const ran = await service.run(`${mark}-update-${program.name}`, [itemFor(program)])
    expect(ran.code, ran.err + ran.out).toBe(0)
    expect(ran.refused()).toEqual(refused)
    const [path] = program.paths.map((one) => one.replace('*', ''))
    expect(service.front.seen.map((one) => one.path.split('?')[0])).toEqual(turns.map(() => path))
  },
)
