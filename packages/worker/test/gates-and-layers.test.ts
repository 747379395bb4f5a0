import type { Policy, Product, StepReport } from '@seamark/core'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hostExecutor } from './host-executor.ts'
import { refusal } from './repository.ts'
import { dir, executor, worker, item, task, play, bytes } from './attempt.ts'

describe('a gate', () => {
  const gates = [{ run: 'sh test/check.sh', protect: [{ type: 'tree' as const, path: 'test' }], timeoutMs: 60_000 }]

  async function judged(run: string): Promise<{ passed: boolean; product: Product | undefined; report: StepReport }> {
    const main = await task({ item: item(run, { gates }) })
    const { product } = await play(main)
    await worker.release(main)
    const gate = await task({ item: item(run, { gates }), step: 'gate:0', ...(product && { judged: product }) })
    const report = await play(gate)
    await worker.release(gate)
    return { passed: report.verdict.outcome === 'succeeded', product, report }
  }

  it('judges the base with the patch, and keeps what it says', async () => {
    const good = await judged('echo fixed > a.txt')
    expect(good.passed).toBe(true)
    expect(good.report.stdout).toBeDefined()
    expect(good.report.product).toBeUndefined()
    expect((await judged('echo broken > a.txt')).passed).toBe(false)
    expect((await judged('true')).passed).toBe(false)
  })

  it('can not be rewritten by what it judges', async () => {
    for (const attack of [
      'echo true > test/check.sh',
      'rm -r test; ln -s /tmp test',
      'rm -r test; echo true > test',
      'rm test/check.sh; mkdir test/check.sh; echo true > test/check.sh/x',
      'chmod 000 test/check.sh; git config alias.x y; rm -rf .git',
    ])
      expect([attack, (await judged(attack)).passed]).toEqual([attack, false])
    expect((await judged('echo fixed > a.txt; echo exit 1 > test/check.sh; echo 1 > test/new')).passed).toBe(true)
  })

  it('refuses a patch that does not lead to the captured tree', async () => {
    const { product } = await judged('echo fixed > a.txt')
    if (product?.patch === undefined) throw new Error('no patch')
    const forged = { ...product, patch: { ...product.patch, tree: product.patch.baseTree } }
    const gate = await task({ item: item('true', { gates }), step: 'gate:0', judged: forged })
    expect((await refusal(worker.prepare(gate, executor))).code).toBe('INTEGRITY')
    await worker.release(gate)
  })

  it('judges an empty workspace too', async () => {
    const about = {
      workspace: { type: 'empty' as const },
      item: item('echo r > out', { gates: [{ run: 'test -f out', protect: [], timeoutMs: 1000 }] }),
    }
    const { product } = await play(await task(about))
    const gate = await task({ ...about, step: 'gate:0', ...(product && { judged: product }) })
    expect((await play(gate)).verdict.outcome).toBe('succeeded')
  })
})

describe('a set-up layer', () => {
  const setup = {
    run: 'ls -A; mkdir -p node_modules/x; echo made > node_modules/x/f; echo tool > tool',
    key: ['package.json'],
    paths: ['node_modules', 'tool'],
    timeoutMs: 60_000,
  }

  it('is built from the key files only, once, and brought into attempts without being captured', async () => {
    const { workspace } = await task({})
    const layer = await worker.layerOf(workspace, setup, 'host', { ns: 'ns' })
    expect(layer).toBe(await worker.layerOf(workspace, setup, 'host'))
    expect(layer).not.toBe(await worker.layerOf(workspace, setup, 'sandbox', { ns: 'ns' }))
    expect(layer).not.toBe(await worker.layerOf(workspace, { ...setup, key: ['a.txt'] }, 'host', { ns: 'ns' }))
    expect(await worker.hasLayer('ns', layer)).toBe(false)
    const build = await task({ step: 'setup', setup, layer })
    const report = await play(build)
    expect(report.verdict.outcome).toBe('succeeded')
    expect(await bytes(report.stdout)).toBe('package.json\n')
    expect((await worker.capture(build, executor, report.exit)).verdict.outcome).toBe('succeeded')
    await worker.release(build)
    expect(await worker.hasLayer('ns', layer)).toBe(true)
    expect(await worker.hasLayer('other', layer)).toBe(false)

    const step = await task({
      setup,
      layer,
      item: item('cat node_modules/x/f tool; echo mine > node_modules/x/f; echo 1 > new'),
    })
    const { product } = await play(step)
    expect(await bytes(product?.stdout)).toBe('made\ntool\n')
    expect(product?.patch?.files).toBe(1)
    const spec = await worker.prepare(step, hostExecutor('private'))
    expect(spec.mounts.filter(({ target }) => target.startsWith('/workspace/'))).toEqual([
      { source: expect.stringContaining(layer), target: '/workspace/node_modules', mode: 'read-only' },
      { source: expect.stringContaining(layer), target: '/workspace/tool', mode: 'read-only' },
    ])
    await worker.release(step)
    const again = await task({ setup, layer, item: item('cat node_modules/x/f') })
    expect(await bytes((await play(again)).product?.stdout)).toBe('made\n')
    await worker.release(again)

    rmSync(join(dir, 'worker/namespaces/ns/layers', layer, 'tree/tool'))
    expect(await worker.hasLayer('ns', layer)).toBe(false)
    expect((await refusal(worker.prepare(again, executor))).code).toBe('NOT_FOUND')
    await worker.release(again)
  })

  it('is another one for each set of hosts and secrets that a set-up may reach, whatever its limits', async () => {
    const { workspace } = await task({})
    const digests = new Set<string>()
    const of = (policy: Policy) =>
      worker.layerOf(workspace, { ...setup, policy: { policy, digest: '0'.repeat(64) } }, 'host', { ns: 'ns' })
    const rule = { host: 'registry.example', mode: 'intercept', paths: ['/*'] } as const
    for (const allow of [[rule], [{ ...rule, inject: 'a' }], [{ ...rule, inject: 'b' }], [{ ...rule, port: 444 }]])
      digests.add(await of({ network: { allow } }))
    expect(digests.size).toBe(4)
    const plain = await worker.layerOf(workspace, setup, 'host', { ns: 'ns' })
    expect(digests).not.toContain(plain)
    expect(await of({ network: { allow: [] }, limits: { pids: 5 } })).toBe(plain)
    expect(digests).toContain(await of({ network: { allow: [rule] }, limits: { pids: 5 } }))
  })

  it('fails where a promised path is missing or a link, and is not saved', async () => {
    const { workspace } = await task({})
    for (const run of ['true', 'ln -s /etc node_modules; echo > tool', 'exit 1']) {
      const bad = { ...setup, run }
      const layer = await worker.layerOf(workspace, bad, 'host', { ns: 'ns' })
      const build = await task({ step: 'setup', setup: bad, layer })
      expect((await play(build)).verdict.outcome).toBe('failed')
      await worker.release(build)
      expect(await worker.hasLayer('ns', layer)).toBe(false)
    }
  })

  it('names a key file that is not in the base', async () => {
    const { workspace } = await task({})
    expect(await refusal(worker.layerOf(workspace, { ...setup, key: ['nope.json'] }, 'host'))).toMatchObject({
      code: 'INVALID_INPUT',
    })
  })
})
