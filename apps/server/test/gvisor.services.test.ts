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
  const items = [
    { id: 'out', run: 'true', network: { allow } },
    { id: 'in', run: 'true', network: { allow: [] } },
  ]
  here.write('plan.json', JSON.stringify({ version: 1, defaults: { executor }, items }))
  const { out } = await here.seamark('run', 'plan.json', '--id', 'r', '--json', '--config', 'seamark.config.mjs')
  const ends = new Map<string, unknown>()
  for (const text of out.trim().split('\n')) {
    const { kind, item, data } = JSON.parse(text)
    if (kind === 'attempt.ended') ends.set(item, data)
  }
  expect(ends.get('in')).toMatchObject({ outcome: 'succeeded' })
  expect(ends.get('out')).toMatchObject({
    outcome: 'failed',
    reason: 'launch',
    detail: expect.stringMatching(/^UNSUPPORTED: .*runsc.*--host-uds=open/),
  })
})
