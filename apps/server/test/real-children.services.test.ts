import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { PROGRAMS } from './real-programs.ts'
import type { RealProgram } from './real-programs.ts'
import { itemFor, realServices } from './real-service.ts'
import { CHANGES, patchTo, WANTED } from './tide.ts'

const serve = realServices()
const mark = `kin-${randomBytes(4).toString('hex')}`

const LEAD = 'Hand the work out.'
const BOAT = 'Mend the tide.'

/** What asks for more than its parent has, and two that are theirs: an agent, and a command on what it made. */
const childrenOf = (program: RealProgram) => {
  const { id: _, timeout: __, ...agent } = { id: '', timeout: '', ...itemFor(program, { budget: { usd: 1 } }) }
  return {
    wide: {
      id: 'wide',
      runtime: 'command',
      run: 'true',
      network: { allow: [{ host: 'elsewhere.example', mode: 'tunnel' }] },
    },
    boat: { ...agent, id: 'boat', prompt: BOAT },
    count: {
      id: 'count',
      runtime: 'command',
      needs: { boat: { from: 'boat', select: 'patch' } },
      run: 'sh count.sh',
      outputs: [{ path: 'count.txt' }],
    },
  }
}

describe.each(PROGRAMS)('$name (as root, with bubblewrap)', (program) => {
  const { child, read, edit, priced } = program

  it('has others do a part of its work, waits for them, and reads what they made', { timeout: 600_000 }, async () => {
    const { wide, boat, count } = childrenOf(program)
    const wait = child('wait_for_items', { timeoutSeconds: 45 })
    const service = await serve(
      {
        script: {
          asides: [{ name: 'not-over', when: { contains: '"done":false' }, answer: [wait] }],
          conversations: {
            lead: {
              turns: [
                ...(program.finds === undefined
                  ? []
                  : [{ answer: [program.finds('submit_items wait_for_items read_item')] }]),
                { answer: [child('submit_items', { items: [wide] })] },
                {
                  expect: { contains: ['FORBIDDEN', '/items/0/network/allow/0/host'] },
                  answer: [child('submit_items', { items: [boat, count] })],
                },
                { expect: { contains: '"created":true' }, answer: [wait] },
                { expect: { contains: '"done":true' }, answer: [child('read_item', { id: 'boat', what: 'patch' })] },
                { expect: { contains: 'metres * 100' }, answer: [read('ports.csv')] },
                { answer: [edit(...CHANGES.ports)] },
                { answer: 'It is done.' },
              ],
            },
            boat: {
              turns: [{ answer: [read('tide.mjs')] }, { answer: [edit(...CHANGES.tide)] }, { answer: 'Mended.' }],
            },
          },
        },
        // Only the parent is told both.
        asked: async (body) => (body.includes(LEAD) ? 'lead' : 'boat'),
      },
      { 'count.sh': 'grep -c 那覇 ports.csv > count.txt\n' },
    )
    const id = `${mark}-${program.name}`
    const ran = await service.run(id, [itemFor(program, { id: 'lead', prompt: LEAD, children: { max: 2 } })])
    expect(service.model.problems(), JSON.stringify(service.model.calls.at(-1))).toEqual([])
    expect(ran.code, ran.err + ran.out).toBe(0)

    expect(await service.told('patch', id, 'lead')).toBe(patchTo(service, { 'ports.csv': WANTED['ports.csv'] }))
    expect(await service.told('patch', id, 'lead-1-boat')).toBe(patchTo(service, { 'tide.mjs': WANTED['tide.mjs'] }))

    // Each is charged for its own, and all of it is what the model counted.
    const shares = ['lead', 'boat'].map((each) => service.counted(each))
    expect(shares.reduce((sum, { calls }) => sum + calls, 0)).toBe(service.counted().calls)
    const { provider, model } = priced
    expect(await service.usage('item', id)).toMatchObject(
      ['lead', 'lead-1-boat'].map((item, at) => ({ run: id, item, assumed: 0, ...shares[at] })),
    )
    expect(await service.usage('model')).toMatchObject([{ provider, model, assumed: 0, ...service.counted() }])
    expect(ran.refused()).toEqual(program.refused)
    const run = { run: id, status: 'succeeded', items: 3 }
    expect(await service.verified(id)).toMatchObject({ verdict: 'verified', run })
  })
})
