import { doctorReport } from '@seamark/protocol'
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { place } from './seamark.ts'

const here = place()
afterAll(() => here.remove())

it('the doctor tries from inside what the sandbox keeps', async () => {
  const { code, out } = await here.seamark('doctor', '--probe', 'sandbox', '--json')
  expect(code).toBe(0)
  const { findings } = doctorReport.parse(JSON.parse(out))
  const probes = findings.filter(({ id }) => id.startsWith('probe.sandbox.'))
  expect(probes.length).toBeGreaterThan(35)
  expect(probes.filter(({ status }) => status === 'fail')).toEqual([])
  expect(findings.find(({ id }) => id === 'probe.sandbox')?.measured).toMatch(
    /^isolation namespace, network none; report [0-9a-f]{64}$/,
  )
  expect(existsSync(join(here.dir, '.seamark/probes'))).toBe(false)
})

it('and names what there is where it is given another name, and what can not be probed', async () => {
  const unknown = await here.seamark('doctor', '--probe', 'docker')
  expect(unknown).toMatchObject({ code: 4 })
  expect(unknown.err).toContain('Name one of: sandbox, process.')
  expect(await here.seamark('doctor', '--probe', 'process')).toMatchObject({ code: 7 })
})

it(
  'what is required to be probed runs once it was, says so in its launches, and no longer than that holds',
  { timeout: 120_000 },
  async () => {
    const there = place()
    onTestFinished(() => there.remove())
    const source = join(import.meta.dirname, '../../../packages/executor-sandbox/src/index.ts')
    const configure = (more = '') =>
      there.write(
        'seamark.config.mjs',
        `import { sandboxExecutor } from ${JSON.stringify(source)}
export default {
  executors: [sandboxExecutor({ dir: ${JSON.stringify(there.data)} })],
  require: { executor: { isolation: 'namespace', network: 'none', tree: 'proven', proof: 'probed' } },
  ${more}
}`,
      )
    configure()
    there.write('plan.yaml', 'version: 1\nitems: [{ id: a, run: "true" }]\n')
    const config = ['--config', 'seamark.config.mjs']
    const run = (id: string) => there.seamark('run', 'plan.yaml', '--id', id, ...config)

    const before = await run('before')
    expect(before).toMatchObject({ code: 7 })
    const probed = await there.seamark('doctor', '--probe', 'sandbox', '--json', ...config)
    const { findings, seams } = doctorReport.parse(JSON.parse(probed.out))
    const digest = /report ([0-9a-f]{64})$/.exec(findings.find(({ id }) => id === 'probe.sandbox')?.measured ?? '')?.[1]
    expect(seams.find(({ seam }) => seam === 'executors')?.guarantees).toMatchObject({
      isolation: { value: 'namespace', proof: 'probed' },
    })
    expect(await run('after')).toMatchObject({ code: 0 })
    expect(await there.seamark('evidence', 'export', 'after', '-o', 'bundle/', ...config)).toMatchObject({ code: 0 })
    const records = readFileSync(join(there.dir, 'bundle/records.jsonl'), 'utf8')
    expect(records).toContain(`"probe":"${digest}"`)

    const [stored = ''] = readdirSync(join(there.data, 'probed'))
    const path = join(there.data, 'probed', stored)
    const signed = readFileSync(path, 'utf8')
    writeFileSync(path, signed.replace('"at":1', '"at":2'))
    expect(await run('changed')).toMatchObject({ code: 7 })
    writeFileSync(path, signed)
    expect(await run('again')).toMatchObject({ code: 0 })
    configure("egress: { privateRanges: ['10.0.0.0/8'] },")
    expect(await run('elsewhere')).toMatchObject({ code: 7 })
  },
)

it(
  'an executor that fails a probe loses what it promised, and what requires that is refused',
  { timeout: 120_000 },
  async () => {
    const there = place()
    onTestFinished(() => there.remove())
    const source = join(import.meta.dirname, '../../../packages/executor-sandbox/src/index.ts')
    const leaky = join(there.dir, 'leaky')
    // Until its first `--` it hands on what it gets, and then shares the host's network.
    const script = `inside=
for word do
  shift
  if [ -z "$inside" ] && [ "$word" = -- ]; then inside=1; set -- "$@" --share-net --; continue; fi
  set -- "$@" "$word"
done
exec bwrap "$@"`
    there.write('leaky', `#!/bin/sh\n${script}\n`)
    chmodSync(leaky, 0o755)
    chmodSync(there.dir, 0o755)
    there.write(
      'seamark.config.mjs',
      `import { sandboxExecutor } from ${JSON.stringify(source)}
export default {
  executors: [sandboxExecutor({ dir: ${JSON.stringify(there.data)}, bubblewrap: ${JSON.stringify(leaky)} })],
  require: { executor: { network: 'none' } },
}`,
    )
    there.write('plan.yaml', 'version: 1\nitems: [{ id: a, run: "true" }]\n')
    const config = ['--config', 'seamark.config.mjs']
    expect(await there.seamark('run', 'plan.yaml', '--id', 'before', ...config)).toMatchObject({ code: 0 })
    const probed = await there.seamark('doctor', '--probe', 'sandbox', '--json', ...config)
    expect(probed.code).toBe(9)
    const { seams } = doctorReport.parse(JSON.parse(probed.out))
    expect(seams.find(({ seam }) => seam === 'executors')?.guarantees).toMatchObject({
      network: { value: 'host', proof: 'probed' },
    })
    expect(await there.seamark('run', 'plan.yaml', '--id', 'after', ...config)).toMatchObject({ code: 7 })
    // Another program is another basis: what was found of the old one is of no account.
    writeFileSync(leaky, `#!/bin/sh\nexec bwrap "$@"\n`)
    expect(await there.seamark('run', 'plan.yaml', '--id', 'mended', ...config)).toMatchObject({ code: 0 })
  },
)
