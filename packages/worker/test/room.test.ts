import { linkSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { gitTools } from '../src/git-tools.ts'
import { namespaceLayout } from '../src/layout.ts'
import { mirrorNames } from '../src/mirrors.ts'
import { makeRoom, spaceOf } from '../src/room.ts'
import { sh, temporary } from './repository.ts'

const hour = 3_600_000
const now = Date.now()

function folders() {
  const layout = namespaceLayout(temporary(), 'ns')
  const mirrors = { alone: <T>(_: string, work: () => Promise<T>) => work() }
  const terms = { maxBytes: 0, before: now - hour, needed: new Set<string>(), dryRun: false }
  const keep = (name: string, bytes: number, hours: number) => {
    const dir = join(layout.kept, name)
    mkdirSync(dir, { recursive: true })
    writeFileSync(join(dir, 'file'), Buffer.alloc(bytes, 1))
    const then = new Date(now - hours * hour)
    utimesSync(dir, then, then)
    return dir
  }
  return { layout, mirrors, terms, keep, names: () => readdirSync(layout.kept).toSorted() }
}

it('goes by age until the rest fits, and leaves what is needed or young', async () => {
  const { layout, mirrors, terms, keep, names } = folders()
  for (const [name, hours] of Object.entries({ a: 9, b: 8, c: 7, d: 6, young: 0 })) keep(name, 100_000, hours)
  const { bytes, count } = await spaceOf(layout, 'kept')
  expect(count).toBe(5)
  const maxBytes = (bytes / 5) * 3
  const needed = new Set(['a'])
  const tried = await makeRoom(layout, 'kept', { ...terms, maxBytes, needed, dryRun: true }, mirrors)
  expect(names()).toEqual(['a', 'b', 'c', 'd', 'young'])
  const told: number[] = []
  const done = await makeRoom(layout, 'kept', { ...terms, maxBytes, needed }, mirrors, { removed: () => told.push(1) })
  expect(done).toEqual(tried)
  expect([done.removed.count, told.length, done.left.bytes]).toEqual([2, 2, maxBytes])
  expect(names()).toEqual(['a', 'd', 'young'])
  await makeRoom(layout, 'kept', { ...terms, needed }, mirrors)
  expect(names()).toEqual(['a', 'young'])
  expect(readdirSync(layout.tmp)).toEqual([])
})

it('ends where it may not remove, and leaves what is used meanwhile', async () => {
  const { layout, mirrors, terms, keep, names } = folders()
  for (const name of ['a', 'b']) keep(name, 1, 9)
  const mayRemove = () => Promise.reject(new Error('taken over'))
  await expect(makeRoom(layout, 'kept', terms, mirrors, { mayRemove })).rejects.toThrow('taken over')
  const used = async () => utimesSync(join(layout.kept, 'a'), new Date(), new Date())
  const { left } = await makeRoom(layout, 'kept', terms, mirrors, { mayRemove: used })
  expect([left.count, names()]).toEqual([1, ['a']])
})

it('counts what an attempt left: names that are no text, links, several names of one file', async () => {
  const { layout, mirrors, terms, keep } = folders()
  const dir = keep('a', 1_000_000, 9)
  const before = (await spaceOf(layout, 'kept')).bytes
  for (let at = 0; at < 20; at++) linkSync(join(dir, 'file'), join(dir, `${at}`))
  symlinkSync('/usr', join(dir, 'usr'))
  expect((await spaceOf(layout, 'kept')).bytes).toBeLessThan(before + 100_000)
  writeFileSync(Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([0xff, 0xfe])]), Buffer.alloc(1_000_000, 1))
  expect((await spaceOf(layout, 'kept')).bytes).toBeGreaterThan(before + 900_000)
  utimesSync(dir, 0, 0)
  await makeRoom(layout, 'kept', terms, mirrors)
  expect(readdirSync(layout.kept)).toEqual([])
})

it('takes a mirror for used when something is read of it, and it is made anew when it is needed', async () => {
  const { layout, terms } = folders()
  const { mirrors } = gitTools({ dir: layout.dir })
  const source = temporary()
  sh(source, 'git init -q && git commit -q --allow-empty -m a && git commit -q --allow-empty -m b')
  const commit = sh(source, 'git rev-parse HEAD').trim()
  const { tree } = await mirrors.commit(source, commit)
  await mirrors.commit(source, commit, { history: 'none' })
  await mirrors.empty()
  const all = [...mirrorNames({ source, commit, tree }), ...mirrorNames({ source, commit, tree, history: 'none' })]
  const [whole = '', lone = ''] = all
  expect(readdirSync(layout.mirrors).toSorted()).toEqual([...all, 'empty.git'].toSorted())
  for (const name of all) utimesSync(join(layout.mirrors, name), 0, 0)
  await mirrors.ensure({ source, commit, tree })
  await makeRoom(layout, 'mirrors', terms, mirrors)
  expect(readdirSync(layout.mirrors).toSorted()).toEqual([whole, 'empty.git'].toSorted())
  expect(readdirSync(join(await mirrors.ensure({ source, commit, tree, history: 'none' })))).toContain('objects')
  expect(readdirSync(layout.mirrors)).toContain(lone)
})
