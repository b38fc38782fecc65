/** The first view, as people use it: they type, filter, copy, paste a book, switch the engine, redact. Each leaves a screenshot. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { marks, names, read, settled, shot, skip, type, visit } from './visit.mjs'

const SHORT = 'Ada Lovelace lived in London.'

test('a text that is typed has its names marked and listed', { skip }, async () => {
  await visit({}, async page => {
    await page.fill('#text', '')
    await page.locator('#text').pressSequentially(SHORT, { delay: 5 })
    await page.waitForFunction(() => document.querySelectorAll('.table tbody tr').length === 2)
    assert.deepEqual(await names(page), ['Ada Lovelace PER', 'London LOC'])
    assert.deepEqual(await marks(page), ['Ada Lovelace', 'London'])
    // Before the text is read again, the marks move along with their words.
    await page.locator('#text').press('Home')
    await page.keyboard.insertText('Then ')
    assert.deepEqual(await names(page), ['Ada Lovelace PER', 'London LOC'])
    await settled(page)
    await page.getByRole('button', { name: 'London', exact: true }).press('Enter')
    const selected = await page.evaluate(() => {
      const { value, selectionStart, selectionEnd } = document.activeElement
      return value.slice(selectionStart, selectionEnd)
    })
    assert.equal(selected, 'London')
    await shot(page, 'typed')
  })
})

test('types and the threshold filter the list and the marks', { skip }, async () => {
  await visit({}, async page => {
    const all = await names(page)
    await page.locator('.chip', { hasText: 'ORG' }).locator('input').uncheck()
    const rest = all.filter(name => !name.endsWith(' ORG'))
    assert.deepEqual(await names(page), rest)
    assert.equal((await marks(page)).length, rest.length)
    await page.locator('#threshold').fill('1')
    assert.match(await page.locator('#threshold-effect').innerText(), /^0 of \d+ stay/)
    // The marks are painted after the list.
    await page.waitForFunction(() => [...CSS.highlights].every(([, ranges]) => ranges.size === 0))
    await shot(page, 'filtered')
  })
})

test('the names are copied as JSON and as HTML', { skip }, async () => {
  await visit({ permissions: ['clipboard-read', 'clipboard-write'] }, async page => {
    await type(page, SHORT)
    const copied = async name => {
      await page.getByRole('button', { name }).click()
      await page.getByRole('button', { name: 'Copied' }).waitFor()
      return page.evaluate(() => navigator.clipboard.readText())
    }
    const entities = JSON.parse(await copied('Copy as JSON'))
    assert.deepEqual(
      entities.map(({ entity_group, word, start, end }) => [entity_group, word, start, end]),
      [
        ['PER', 'Ada Lovelace', 0, 12],
        ['LOC', 'London', 22, 28],
      ],
    )
    assert.ok(entities.every(({ score }) => score > 0.5 && score <= 1))
    const html = await copied('Copy as HTML')
    assert.equal(html.replaceAll(/<[^>]+>/g, '').replaceAll(/PER|LOC/g, ''), SHORT)
    await shot(page, 'copied')
  })
})

test('every engine finds the same names, and tfjs is loaded once it is chosen', { skip }, async () => {
  await visit({}, async (page, server) => {
    await type(page, SHORT)
    const usual = await names(page)
    await page.locator('summary', { hasText: 'Engine' }).click()
    assert.deepEqual(
      server.requests.filter(path => path.includes('tfjs')),
      [],
    )
    const backend = page.getByLabel('Backend')
    const hasWebgl = await backend.locator('option[value=webgl]').isEnabled()
    for (const [engine, summary] of [
      ['wasm', /tfjs wasm, fp32/],
      ...(hasWebgl ? [['webgl', /tfjs webgl, fp32/]] : []),
      ['naive', /naive, fp32/],
      ['simd', /simd, q8/],
    ]) {
      await backend.selectOption(engine)
      await page.waitForSelector('[data-model=ready]', { timeout: 60_000 })
      await settled(page)
      assert.match(await page.locator('.model-state').innerText(), summary)
      assert.deepEqual(await names(page), usual)
      await shot(page, `engine-${engine}`)
    }
    await page.getByLabel('Arithmetic').selectOption('fp32')
    await page.waitForSelector('[data-model=ready]:has-text("simd, fp32")', { timeout: 60_000 })
    await settled(page)
    assert.deepEqual(await names(page), usual)
  })
})

test('an isolated page computes in as many threads as are chosen', { skip }, async () => {
  await visit({ isolated: true }, async page => {
    await page.locator('summary', { hasText: 'Engine' }).click()
    for (const [threads, said] of [
      ['2', '2 threads'],
      ['1', '1 thread'],
    ]) {
      await page.getByLabel('Threads').selectOption(threads)
      await page.waitForSelector(`[data-model=ready]:has-text("${said}")`, { timeout: 60_000 })
      await settled(page)
      assert.ok((await names(page)).includes('Angela Merkel PER'))
    }
    await shot(page, 'threads')
  })
})

test('a hundred thousand characters are pasted and read, and typing goes on meanwhile', { skip }, async () => {
  await visit({ permissions: ['clipboard-read', 'clipboard-write'] }, async page => {
    const paragraph = 'Angela Merkel met Tim Cook in Berlin. '.repeat(20)
    const text = Array.from({ length: 132 }, (_, n) => `${n} ${paragraph}`).join('\n\n')
    assert.ok(text.length > 100_000)
    await page.evaluate(given => navigator.clipboard.writeText(given), text)
    await page.locator('#text').press('Control+A')
    await page.keyboard.press('Control+V')
    await page.waitForSelector('[data-reading=reading]')
    await page.keyboard.press('Control+End')
    await page.keyboard.type(' Rome')
    await settled(page)
    assert.equal(await page.locator('#text').inputValue(), `${text} Rome`)
    assert.match(await page.locator('.table button', { hasText: 'Show all' }).innerText(), /7,92\d/)
    // The marks lie on the words: the copy with the marks is as tall as the text, and both move as one.
    const measure = () =>
      page.evaluate(() => {
        const [text, copy] = [document.querySelector('#text'), document.querySelector('.behind')]
        const [a, b] = [text.getBoundingClientRect(), copy.getBoundingClientRect()]
        return {
          apart: [a.top - b.top, a.height - b.height],
          inside: text.scrollTop,
          down: document.querySelector('.page').scrollTop,
        }
      })
    const { apart, inside, down } = await measure()
    assert.deepEqual({ apart, inside }, { apart: [0, 0], inside: 0 })
    assert.ok(down > 10_000, 'the end of the text is in sight')
    await shot(page, 'long')
    await page.locator('.table button.name').first().click()
    assert.equal((await measure()).down, 0)
  })
})

test('a text is redacted, and an answer gets its names back', { skip }, async () => {
  await visit({}, async page => {
    await type(page, SHORT)
    await page.getByRole('button', { name: 'Redact', exact: true }).click()
    const [answer, restored] = [page.locator('.pair textarea').nth(0), page.locator('.pair textarea').nth(1)]
    await answer.waitFor()
    assert.equal(await answer.inputValue(), '[PER_1] lived in [LOC_1].')
    await answer.fill('In **[loc 1]**, (PER_1) wrote.')
    assert.equal(await restored.inputValue(), 'In **London**, Ada Lovelace wrote.')
    await page.locator('.pair summary').click()
    await shot(page, 'redacted')
    // Another text: the same name keeps its placeholder.
    await type(page, 'Grace Hopper wrote to Ada Lovelace.')
    await page.getByRole('button', { name: 'Redact', exact: true }).click()
    await page.waitForFunction(() => document.querySelector('.pair textarea')?.value.includes('[PER_2]'))
    assert.equal(await answer.inputValue(), '[PER_2] wrote to [PER_1].')
    await page.getByRole('button', { name: 'Forget the names' }).click()
    assert.equal(await page.locator('.pair').count(), 0)
  })
})

test('typing in two thousand words: the longest task of the page', { skip }, async t => {
  await visit({}, async page => {
    const sentences = 'Angela Merkel met Tim Cook in Berlin, where it rained for most of that day. '
    const text = Array.from({ length: 27 }, (_, n) => `${n}. ${sentences.repeat(5)}`).join('\n\n')
    await type(page, text)
    await page.evaluate(() => {
      globalThis.tasks = []
      const observer = new PerformanceObserver(list => {
        for (const { duration } of list.getEntries()) globalThis.tasks.push(Math.round(duration))
      })
      observer.observe({ type: 'longtask' })
    })
    await page.locator('#text').press('Control+Home')
    await page.keyboard.type('Last week in Rome, ', { delay: 60 })
    await read(page)
    // Everything anew, as after a change of the model's switches.
    await page.locator('summary', { hasText: 'Engine' }).click()
    await page.getByLabel('Decoding').selectOption('argmax')
    await page.waitForSelector('[data-model=ready]')
    await settled(page)
    const tasks = await page.evaluate(() => globalThis.tasks)
    const words = text.split(/\s+/).length
    const longest = tasks.length > 0 ? `${Math.max(...tasks)} ms` : 'none above 50 ms'
    t.diagnostic(`longest task of the main thread while ${words} words are typed in and read again: ${longest}`)
    assert.equal((await names(page)).filter(name => name === 'Rome LOC').length, 1)
    await shot(page, 'two-thousand-words')
  })
})
