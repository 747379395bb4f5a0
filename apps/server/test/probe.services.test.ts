import { doctorReport } from '@seamark/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { dockerWithPrograms, makeImage, makes, programs, type DockerWithPrograms } from './grounds.ts'
import { place } from './seamark.ts'

const here = place()
let engine: DockerWithPrograms

beforeAll(async () => {
  engine = await dockerWithPrograms()
}, 120_000)
afterAll(async () => {
  await engine.stop()
  here.remove()
}, 60_000)

/** A configuration with an executor of an image, and a plan that wants it probed. */
function configure(name: string, image: string): readonly string[] {
  const docker = makes('docker', { socketPath: engine.socketPath, image, requireDigest: true, dir: here.data })
  const required = { executor: { isolation: 'container', network: 'none', tree: 'proven', proof: 'probed' } }
  here.write(`${name}.config.mjs`, `export default { executors: [${docker}], require: ${JSON.stringify(required)} }\n`)
  return ['--config', `${name}.config.mjs`]
}

const systemCalls = ['network/vsock', 'network/raw-socket', 'network/packet-socket', 'kernel/io-uring', 'kernel/bpf', 'kernel/keyring', 'kernel/userfaultfd', 'kernel/perf', 'kernel/ptrace'] // prettier-ignore

it('the doctor says what an image lacks, and not this host', { timeout: 120_000 }, async () => {
  const { code, out } = await here.seamark('doctor', '--probe', 'docker', ...configure('without', engine.programs))
  expect(code).toBe(0)
  const lines = out.split('\n')
  for (const id of systemCalls) {
    const at = lines.findIndex((line) => line.startsWith(`! Probe ${id} `))
    expect(lines[at]).toMatch(/not tried: no perl$/)
    expect(lines[at + 1]).toContain('→ Put perl into the image to have it tried.')
  }
  expect(lines.filter((line) => line.startsWith('! Probe ')).length).toBe(systemCalls.length)
  expect(lines.filter((line) => line.startsWith('✓ Probe ')).length).toBeGreaterThan(35)
  expect(out).toMatch(/^! Probed docker +isolation container, network none; report [0-9a-f]{64}$/m)
  expect(out).toMatch(/ executors +docker +isolation container \(probed\), network none \(probed\)/)
})

it('what must be probed runs in an image of which all was tried, and in no other', { timeout: 120_000 }, async () => {
  const image = makeImage(engine.socketPath, ...programs, 'perl')
  const config = configure('whole', image)
  here.write('plan.yaml', 'version: 1\nitems: [{ id: a, run: "true", executor: docker }]\n')
  const run = (id: string, which: readonly string[]) => here.seamark('run', 'plan.yaml', '--id', id, ...which)
  // What was found of the other image is of no account.
  const before = await run('before', config)
  expect(before.code).toBe(7)
  expect(before.err).toContain('→ Probe it: `seamark doctor --probe docker`.')
  const { code, out } = await here.seamark('doctor', '--probe', 'docker', '--json', ...config)
  expect(code).toBe(0)
  const { findings } = doctorReport.parse(JSON.parse(out))
  const probes = findings.filter(({ id }) => id.startsWith('probe.docker'))
  expect(probes.filter(({ status }) => status !== 'ok')).toEqual([])
  const digest = /report ([0-9a-f]{64})$/.exec(findings.find(({ id }) => id === 'probe.docker')?.measured ?? '')?.[1]
  const ran = await here.seamark('run', 'plan.yaml', '--id', 'after', '--json', ...config)
  expect(ran).toMatchObject({ code: 0 })
  expect(ran.out).toContain(`"probe":"${digest}"`)
})
