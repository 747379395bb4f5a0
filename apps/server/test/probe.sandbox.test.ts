import { doctorReport } from '@seamark/protocol'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { place } from './seamark.ts'

const here = place()
afterAll(() => here.remove())

it('the doctor tries from inside what the sandbox keeps', { timeout: 60_000 }, async () => {
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
