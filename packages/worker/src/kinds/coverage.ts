import type { Covered } from '@seamark/core'
import type { KindReader } from './reader.ts'
import { KIND_LIMITS, Unreadable } from './reader.ts'
import { xmlReader } from './xml.ts'

/** Coverage as Cobertura XML or as lcov (geninfo(1)): whichever it begins like. */
export function coverageReader(): KindReader {
  let reader: KindReader | undefined
  return {
    write(text) {
      const start = text.trimStart()
      if (reader === undefined && start === '') return
      reader ??= start.startsWith('<') ? coberturaReader() : lcovReader()
      reader.write(text)
    },
    end() {
      if (reader === undefined) throw new Unreadable('invalid', 'is empty')
      return reader.end()
    },
  }
}

function coberturaReader(): KindReader {
  let lines: Covered | undefined
  let branches: Covered | undefined
  let counted = { covered: 0, total: 0 }

  const xml = xmlReader({
    open(element, attributes, parents) {
      if (parents.length === 0) {
        if (element !== 'coverage') throw new Unreadable('invalid', 'is no Cobertura XML: its root is not coverage')
        lines = pair(attributes['lines-covered'], attributes['lines-valid'])
        branches = pair(attributes['branches-covered'], attributes['branches-valid'])
      } else if (element === 'line' && parents.at(-1) === 'lines' && parents.at(-2) === 'class')
        // Those of methods are among those of their class.
        counted = { covered: counted.covered + (Number(attributes['hits']) > 0 ? 1 : 0), total: counted.total + 1 }
    },
  })
  return {
    write: xml.write,
    end() {
      xml.end()
      const sum = lines ?? (counted.total > 0 ? counted : undefined)
      if (sum === undefined) throw new Unreadable('invalid', 'is no Cobertura XML: it has no lines')
      return { kind: 'coverage', lines: sum, ...(branches && branches.total > 0 && { branches }) }
    },
  }
}

function pair(covered: string | undefined, total: string | undefined): Covered | undefined {
  if (covered === undefined || total === undefined) return undefined
  const sum = { covered: whole(covered), total: whole(total) }
  if (sum.covered > sum.total) throw new Unreadable('invalid', 'covers more than there is')
  return sum
}

function whole(text: string | undefined): number {
  const number = text === undefined || !/^[0-9]{1,9}$/.test(text.trim()) ? undefined : Number(text)
  if (number === undefined) throw new Unreadable('invalid', 'has a count that is no whole number')
  return number
}

const LINE = /^([A-Z]{2,4}[A-Z0-9]?):(.*)$/

/** Sums of the lines and branches of each record, by their counts (LF, LH, BRF, BRH) where it has them and by DA otherwise. */
function lcovReader(): KindReader {
  let rest = ''
  let at = 0
  let records = 0
  const lines = { covered: 0, total: 0 }
  const branches = { covered: 0, total: 0 }
  let open: { file: boolean; da: number; hit: number; LF?: number; LH?: number; BRF?: number; BRH?: number } | undefined

  function read(line: string): void {
    at++
    const text = line.trim()
    if (text === '' || text.startsWith('#')) return
    if (text === 'end_of_record') {
      if (open?.file !== true) throw wrong()
      const { da, hit, LF = da, LH = hit, BRF = 0, BRH = 0 } = open
      if (LH > LF || BRH > BRF) throw wrong()
      lines.covered += LH
      lines.total += LF
      branches.covered += BRH
      branches.total += BRF
      records++
      open = undefined
      return
    }
    const [, key, value = ''] = LINE.exec(text) ?? []
    if (key === undefined) throw wrong()
    open ??= { file: false, da: 0, hit: 0 }
    if (key === 'SF') open.file = true
    else if (key === 'DA') {
      const [, hits] = /^[0-9]+,(-?[0-9]+)(?:,|$)/.exec(value) ?? []
      if (hits === undefined) throw wrong()
      open.da++
      if (Number(hits) > 0) open.hit++
    } else if (key === 'LF' || key === 'LH' || key === 'BRF' || key === 'BRH') open[key] = whole(value)
  }

  const wrong = () => new Unreadable('invalid', `is no lcov: line ${at}`)

  return {
    write(text) {
      const parts = (rest + text).split('\n')
      rest = parts.pop() ?? ''
      for (const part of parts) read(part)
      if (rest.length > KIND_LIMITS.lineCharacters)
        throw new Unreadable('limit', `has a line of more than ${KIND_LIMITS.lineCharacters} characters`)
    },
    end() {
      if (rest !== '') read(rest)
      if (open !== undefined || records === 0) throw new Unreadable('invalid', 'is no lcov: its last record has no end')
      return { kind: 'coverage', lines, ...(branches.total > 0 && { branches }) }
    },
  }
}
