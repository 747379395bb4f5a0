import { extract } from 'tar-stream'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { emptyWorkspaces, untar } from '../src/index.ts'
import { removeTree } from '../src/remove-tree.ts'
import { collect, refusal, sh, temporary, write } from './repository.ts'

const dir = temporary()
const workspaces = emptyWorkspaces({ dir: join(dir, 'worker'), limits: { maxSnapshotBytes: 2 ** 22, maxEntries: 100 } })

function folder(name: string): string {
  const path = join(dir, name)
  mkdirSync(path)
  return path
}

describe('a snapshot', () => {
  it('comes back as it was', async () => {
    const from = folder('from')
    const long = 'l'.repeat(200)
    write(from, {
      'a b': 'text',
      [`deep/${long}/${long}/f`]: 'deep',
      empty: '',
      big: Buffer.alloc(700_001, 3),
      'ü\n': 'name',
    })
    writeFileSync(Buffer.concat([Buffer.from(from + '/'), Buffer.from([0xff, 0x0a])]), 'bytes')
    sh(from, `mkdir hollow; ln -s /etc/passwd out; ln -s ${long}${long} long; chmod 755 empty; ln -s deep through`)
    chmodSync(join(from, 'hollow'), 0o500)
    const tar = await collect(workspaces.snapshot(from, { exclude: ['a b'] }))
    const to = folder('to')
    await untar(Readable.from([tar.subarray(0, 700), tar.subarray(700)]), to)
    expect(existsSync(join(to, 'a b'))).toBe(false)
    writeFileSync(join(to, 'a b'), 'text')
    expect(sh(dir, 'diff -r --no-dereference from to')).toBe('')
    expect(readlinkSync(join(to, 'out'))).toBe('/etc/passwd')
    expect(statSync(join(to, 'empty')).mode & 0o777).toBe(0o755)
    expect(statSync(join(to, 'hollow')).mode & 0o777).toBe(0o500)
    expect(readFileSync(Buffer.concat([Buffer.from(to + '/'), Buffer.from([0xff, 0x0a])]), 'utf8')).toBe('bytes')
  })

  it('is read by other programs', async () => {
    const tar = await collect(workspaces.snapshot(join(dir, 'from')))
    writeFileSync(join(dir, 'tar'), tar)
    const other = folder('other')
    sh(other, 'tar -xf ../tar 2>/dev/null')
    expect(sh(dir, 'diff -r --no-dereference from other')).toBe('')
    const names: string[] = []
    const reader = extract()
    reader.on('entry', (header, stream, next) => {
      names.push(header.name)
      stream.on('end', next)
      stream.resume()
    })
    await new Promise<void>((resolve, reject) => reader.on('finish', resolve).on('error', reject).end(tar))
    expect(names).toContain('ü\n')
  })

  it('marks what a tar can not hold', async () => {
    const odd = folder('odd')
    sh(odd, 'mkfifo pipe')
    const tar = await collect(workspaces.snapshot(odd))
    expect(tar.toString('latin1')).toContain('SEAMARK.type=fifo')
    const to = folder('odd-again')
    await untar(Readable.from([tar]), to)
    expect(statSync(join(to, 'pipe')).size).toBe(0)
  })

  it('stops at its limits before it reads', async () => {
    const large = folder('large')
    writeFileSync(join(large, 'sparse'), '')
    truncateSync(join(large, 'sparse'), 2 ** 40)
    expect((await refusal(collect(workspaces.snapshot(large)))).code).toBe('LIMIT_EXCEEDED')
    const many = folder('many')
    for (let i = 0; i < 101; i++) writeFileSync(join(many, String(i)), '')
    expect((await refusal(collect(workspaces.snapshot(many)))).code).toBe('LIMIT_EXCEEDED')
  })

  it('that was tampered with is refused and writes nothing outside', async () => {
    const small = folder('small')
    write(small, { 'aa/bb': 'x' })
    sh(small, `ln -s ${dir} zz`)
    const tar = await collect(workspaces.snapshot(small))
    const bent = (change: (copy: Buffer) => void) => {
      const copy = Buffer.from(tar)
      change(copy)
      return copy
    }
    /** Another name of the same length, with the checksum that belongs to it. */
    const renamed = (from: string, to: string) =>
      bent((copy) => {
        const at = copy.indexOf(from)
        copy.write(to, at, 'latin1')
        const header = copy.subarray(at, at + 512)
        header.fill(' ', 148, 156)
        header.write(
          `${header
            .reduce((sum, byte) => sum + byte, 0)
            .toString(8)
            .padStart(6, '0')}\0 `,
          148,
          'latin1',
        )
      })
    let n = 0
    for (const bad of [
      renamed('aa/bb', '../bb'),
      renamed('aa/bb', '/tmp/'),
      renamed('aa/bb', 'aa//b'),
      bent((copy) => copy.write('9', 124)),
      bent((copy) => copy.write('q', 0)),
      tar.subarray(0, 600),
      Buffer.alloc(0),
    ])
      expect((await refusal(untar(Readable.from(bad.length > 0 ? [bad] : []), folder(`bad-${n++}`)))).code).toBe(
        'INTEGRITY',
      )
    // A file below a link: links are made last, so its folder is not there.
    await expect(untar(Readable.from([renamed('aa/bb', 'zz/bb')]), folder('through'))).rejects.toThrow()
    expect(existsSync(join(dir, 'bb'))).toBe(false)
  })

  it('is read to its last byte, and let go of in any case', async () => {
    const from = folder('whole')
    write(from, { a: 'text' })
    const tar = await collect(workspaces.snapshot(from))
    const given = (bytes: Uint8Array) => {
      const seen = { whole: false, closed: false }
      async function* body(): AsyncGenerator<Uint8Array> {
        try {
          for (let at = 0; at < bytes.length; at += 512) yield bytes.subarray(at, at + 512)
          seen.whole = true
        } finally {
          seen.closed = true
        }
      }
      return { seen, body: body() }
    }
    const good = given(tar)
    await untar(good.body, folder('whole-to'))
    expect(good.seen).toEqual({ whole: true, closed: true })
    const more = given(Buffer.concat([tar, Buffer.from('more')]))
    expect((await refusal(untar(more.body, folder('more-to')))).code).toBe('INTEGRITY')
    expect(more.seen.closed).toBe(true)
    const less = given(Buffer.concat([Buffer.alloc(512, 1), tar]))
    expect((await refusal(untar(less.body, folder('less-to')))).code).toBe('INTEGRITY')
    expect(less.seen).toEqual({ whole: false, closed: true })
  })
})

describe('removing a tree', () => {
  it('removes folders nobody may enter, deep nesting and links, and nothing behind them', async () => {
    const tree = folder('tree')
    write(dir, { 'behind/kept': '1' })
    sh(tree, `ln -s ${dir}/behind link; mkdir -p locked/inner; touch locked/inner/f; chmod 000 locked/inner locked`)
    sh(tree, `for i in $(seq 1 60); do mkdir ${'d'.repeat(200)} && cd ${'d'.repeat(200)}; done; echo 1 > f`)
    writeFileSync(Buffer.concat([Buffer.from(tree + '/'), Buffer.from([0xff])]), '')
    await removeTree(tree)
    await removeTree(tree)
    expect(existsSync(tree)).toBe(false)
    expect(existsSync(join(dir, 'behind', 'kept'))).toBe(true)
    expect(sh(dir, 'ls -A | grep rm- || true')).toBe('')
  })

  it('is done by several at once', async () => {
    for (let round = 0; round < 5; round++) {
      const tree = folder(`shared-${round}`)
      sh(tree, 'for d in 1 2 3 4 5 6 7 8; do mkdir -p $d/$d; for f in 1 2 3 4 5 6 7 8; do echo > $d/$d/$f; done; done')
      await Promise.all(Array.from({ length: 6 }, () => removeTree(tree)))
      expect(existsSync(tree)).toBe(false)
    }
  })
})
