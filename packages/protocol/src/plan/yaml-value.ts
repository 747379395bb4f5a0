import type { Json } from '@seamark/core'
import type { Alias, ParsedNode } from 'yaml'
import type { Faults } from './fault.ts'
import { PLAN_LIMITS } from './limits.ts'
import { quoted } from './quoted.ts'
import { setMember, SourceStop } from './source.ts'
import { yaml } from './yaml-port.ts'

interface Converted {
  readonly value: Json
  readonly values: number
  readonly bytes: number
}

/**
 * The plain value of a document, with aliases resolved and counted as if they were written out.
 * `targets` receives what each alias stands for. Throws `SourceStop` over a limit.
 */
export function yamlValue(root: ParsedNode | null, faults: Faults, targets: Map<Alias, ParsedNode>): Json {
  const { isAlias, isScalar, isSeq } = yaml()
  const anchors = new Map<string, { readonly node: ParsedNode; readonly converted: Converted }>()
  const path: (string | number)[] = []
  let aliases = 0

  const fault = (node: ParsedNode, message: string, remedy?: string) =>
    faults.add({
      code: 'INVALID_INPUT',
      message,
      ...(remedy !== undefined && { remedy }),
      path: [...path],
      offset: node.range[0],
    })
  const check = (node: ParsedNode, converted: Converted) => {
    const over =
      converted.values > PLAN_LIMITS.values
        ? `more than ${PLAN_LIMITS.values} values`
        : converted.bytes > PLAN_LIMITS.jsonBytes
          ? `more than ${PLAN_LIMITS.jsonBytes} bytes`
          : undefined
    if (over !== undefined)
      throw new SourceStop({
        code: 'LIMIT_EXCEEDED',
        message: `With its aliases written out the plan holds ${over}.`,
        path: [...path],
        offset: node.range[0],
      })
    return converted
  }

  const scalar = (node: ParsedNode, value: unknown): Converted => {
    if (typeof value === 'string') {
      if (!value.isWellFormed())
        fault(node, 'A text holds half of a surrogate pair.', 'Write both halves, or the character itself.')
      return { value, values: 1, bytes: value.length + 2 }
    }
    if (typeof value === 'number') {
      if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
        fault(
          node,
          'A number can not be kept exactly.',
          'Use an integer from -(2^53-1) to 2^53-1, or put it in quotes.',
        )
      return { value, values: 1, bytes: 8 }
    }
    if (typeof value === 'boolean' || value === null) return { value, values: 1, bytes: 5 }
    fault(node, 'A value is of a kind that JSON does not have.', 'Write it as text, in quotes.')
    return { value: null, values: 1, bytes: 4 }
  }

  const alias = (node: Alias.Parsed): Converted => {
    if (++aliases > PLAN_LIMITS.aliases)
      throw new SourceStop({
        code: 'LIMIT_EXCEEDED',
        message: `The plan uses more than ${PLAN_LIMITS.aliases} aliases.`,
        path: [...path],
        offset: node.range[0],
      })
    const target = anchors.get(node.source)
    if (target === undefined) {
      fault(node, `The alias ${quoted(node.source)} names no anchor that is complete before it.`)
      return { value: null, values: 1, bytes: 4 }
    }
    targets.set(node, target.node)
    return target.converted
  }

  const convert = (node: ParsedNode | null): Converted => {
    if (node === null) return { value: null, values: 1, bytes: 4 }
    if (isAlias(node)) return alias(node)
    const converted = check(node, collect(node))
    if (node.anchor !== undefined) anchors.set(node.anchor, { node, converted })
    return converted
  }

  const collect = (node: Exclude<ParsedNode, Alias.Parsed>): Converted => {
    if (isScalar(node)) return scalar(node, node.value)
    let values = 1
    let bytes = 2
    const add = (part: Converted) => {
      values += part.values
      bytes += part.bytes + 1
      return part.value
    }
    if (isSeq(node)) {
      const list: Json[] = []
      for (const [index, entry] of node.items.entries()) {
        path.push(index)
        list.push(add(convert(entry)))
        path.pop()
      }
      return { value: list, values, bytes }
    }
    const map: Record<string, Json> = {}
    for (const { key: keyNode, value } of node.items) {
      const key = isScalar(keyNode) && typeof keyNode.value === 'string' ? keyNode.value : undefined
      if (key === undefined) {
        fault(keyNode, 'A key must be text.', 'Put it in quotes.')
        continue
      }
      path.push(key)
      bytes += key.length + 3
      const member = add(convert(value))
      const atKey = (message: string) =>
        faults.add({ code: 'INVALID_INPUT', message, path: [...path], part: 'key', offset: keyNode.range[0] })
      if (Object.hasOwn(map, key)) atKey(`The key ${quoted(key)} is there twice.`)
      else setMember(map, key, member, atKey)
      path.pop()
    }
    return { value: map, values, bytes }
  }
  return convert(root).value
}
