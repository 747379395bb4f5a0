import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Place } from './seamark.ts'
import { place, until } from './seamark.ts'

let here: Place
beforeEach(() => {
  here = place()
})
afterEach(() => here.remove())

it('is there once the attempt was captured, while its gates still judge it', { timeout: 120_000 }, async () => {
  const go = join(here.dir, 'go')
  const judge = `echo judging; until test -e ${go}; do sleep 0.1; done`
  const item = { id: 'a', executor: 'process', run: 'echo said', gates: [{ run: judge }] }
  here.write('plan.json', JSON.stringify({ version: 1, items: [item] }))
  const service = here.start('serve', '--json')
  await service.saw('"ready"')
  expect((await here.seamark('submit', 'plan.json', '--id', 'r')).code).toBe(0)
  const judged = here.start('logs', 'r', 'a', '--gate', '1', '-f')
  await judged.saw('judging')
  const shown = await here.seamark('logs', 'r', 'a', '--transcript')
  expect(shown, shown.err).toMatchObject({ code: 0, out: '< said\n' })
  expect(await here.seamark('logs', 'r', 'a', '--transcript', '-f')).toMatchObject({ code: 0, out: '< said\n' })
  expect(await here.seamark('logs', 'r', 'a')).toMatchObject({ code: 0, out: 'said\n' })
  writeFileSync(go, '')
  expect(await judged.ended).toMatchObject({ code: 0 })
  service.child.kill('SIGTERM')
  await service.ended
})

const source = (name: string) => JSON.stringify(join(import.meta.dirname, `../../../packages/${name}/src/index.ts`))

it('is waited for while the attempt is captured, and its output is not read again', { timeout: 120_000 }, async () => {
  const [calls, held, go] = ['calls', 'held', 'go'].map((name) => join(here.dir, name)) as [string, string, string]
  here.write(
    'seamark.config.mjs',
    `import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
const { processExecutor } = await import(${source('executor-process')})
const { folderStorage } = await import(${source('storage-local')})
const plain = processExecutor({ dir: ${JSON.stringify(here.data)} })
const folder = folderStorage({ dir: ${JSON.stringify(join(here.data, 'storage'))} })
const told = (name) => (...args) => {
  appendFileSync(${JSON.stringify(calls)}, name + '\\n')
  return plain[name](...args)
}
export default {
  executors: [{ ...plain, attach: told('attach'), output: told('output') }],
  storage: {
    ...folder,
    async put(...args) {
      writeFileSync(${JSON.stringify(held)}, '')
      while (!existsSync(${JSON.stringify(go)})) await sleep(50)
      return folder.put(...args)
    },
  },
}
`,
  )
  const config = ['--config', 'seamark.config.mjs']
  here.write(
    'plan.json',
    JSON.stringify({ version: 1, items: [{ id: 'a', executor: 'process', run: 'echo said; touch left' }] }),
  )
  const service = here.start('serve', '--json', ...config)
  await service.saw('"ready"')
  expect((await here.seamark('submit', 'plan.json', '--id', 'r', ...config)).code).toBe(0)
  await until(() => existsSync(held))
  const made = () => readFileSync(calls, 'utf8').split('\n')
  const before = made()
  const followed = here.start('logs', 'r', 'a', '--transcript', '-f', ...config)
  const attached = () => made().filter((name) => name === 'attach').length
  const least = attached() + 4
  await until(() => attached() >= least)
  const outputs = (names: readonly string[]) => names.filter((name) => name === 'output').length
  expect(outputs(made())).toBe(outputs(before))
  writeFileSync(go, '')
  expect(await followed.ended).toMatchObject({ code: 0, out: '< said\n' })
  service.child.kill('SIGTERM')
  await service.ended
})

it('is told by a report as by the command: a long line as one, whose end is kept', { timeout: 120_000 }, async () => {
  const length = 70_001
  here.write(
    'seamark.config.mjs',
    `const { processExecutor } = await import(${source('executor-process')})
const { command } = await import(${source('runtime-command')})
const plain = command()
const told = {
  ...plain,
  name: 'told',
  async prepare(task, call) {
    return { ...(await plain.prepare(task, call)), stdin: 'pipe' }
  },
  async *drive(access, ...rest) {
    await access.write(Buffer.from('x'.repeat(${length - 1}) + '\\n'), 0, 0)
    yield* plain.drive(access, ...rest)
  },
}
export default { executors: [processExecutor({ dir: ${JSON.stringify(here.data)} })], runtimes: [told] }
`,
  )
  const run = `head -c ${length} | wc -c; printf 'half\\r> said'`
  const items = [{ id: 'a', executor: 'process', runtime: 'told', run }]
  here.write('plan.json', JSON.stringify({ version: 1, items }))
  const ran = await here.seamark('run', 'plan.json', '--id', 'r', '--config', 'seamark.config.mjs')
  expect(ran, ran.err).toMatchObject({ code: 0 })
  const shown = await here.seamark('logs', 'r', 'a', '--transcript', '--config', 'seamark.config.mjs')
  expect(shown.out).toBe(`> ${'x'.repeat(length - 1)}\n< ${length}\n< half\\u{d}> said\n`)
  expect((await here.seamark('report', 'r', '-o', 'r.html', '--config', 'seamark.config.mjs')).code).toBe(0)
  const page = readFileSync(join(here.dir, 'r.html'), 'utf8')
  const [, log = ''] = /<h3>\s*Transcript[^]*?<pre class="log">([^]*?)<\/pre>/.exec(page) ?? []
  expect(log).toMatch(/^…x+\n&lt; 70001\n&lt; half\\u\{d\}&gt; said\n$/)
})
