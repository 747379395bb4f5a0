import { describe, expect, it, onTestFinished } from 'vitest'
import { testsOfEgress } from './egress.ts'
import { onDocker } from './grounds.ts'
import { place } from './seamark.ts'

describe('a way out of gVisor that opens sockets of the host', { timeout: 120_000 }, () =>
  testsOfEgress((here) => onDocker(here, 'runsc-with-sockets')),
)

it('a way out of a gVisor that opens none is refused, with what to do', { timeout: 120_000 }, async () => {
  const here = place()
  onTestFinished(() => here.remove())
  const { executor, line, stop } = await onDocker(here, 'runsc')
  onTestFinished(stop, 60_000)
  const allow = [{ host: 'api.example', mode: 'endpoint' }]
  here.write(
    'seamark.config.mjs',
    `export default { ${line} policy: { network: { allow: ${JSON.stringify(allow)} } } }\n`,
  )
  const run = async (id: string, items: readonly object[]) => {
    here.write('plan.json', JSON.stringify({ version: 1, defaults: { executor }, items }))
    return here.seamark('run', 'plan.json', '--id', id, '--config', 'seamark.config.mjs')
  }
  const within = { id: 'in', run: 'true', network: { allow: [] } }
  const refused = await run('refused', [{ id: 'out', run: 'true', network: { allow } }, within])
  expect(refused.code, refused.out + refused.err).toBe(7)
  expect(refused.out + refused.err).toMatch(/runsc[^]*--host-uds=open/)
  const ran = await run('ran', [within])
  expect(ran.code, ran.out + ran.err).toBe(0)
})
