type Child = Node | string;

/** Makes an element. Texts become text nodes, so what people write is never read as markup. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  className = '',
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** A copy of a `<template>` of the page. */
export function copyOf(templateId: string): DocumentFragment {
  const template = document.getElementById(templateId);
  if (!(template instanceof HTMLTemplateElement)) throw new Error(`The page has no template ${templateId}`);
  return document.importNode(template.content, true);
}

/** The element of that kind marked `data-part="name"`. */
export function part<Kind extends Element>(inside: ParentNode, name: string, kind: abstract new () => Kind): Kind {
  const found = inside.querySelector(`[data-part="${name}"]`);
  if (!(found instanceof kind)) throw new Error(`The page has no ${kind.name} ${name}`);
  return found;
}

/** JSON text as people read it. */
export function readable(json: string): string {
  return JSON.stringify(JSON.parse(json), null, 2);
}

/** A time of day with milliseconds, in the reader's time zone. */
export function timeOfDay(date: Date): HTMLTimeElement {
  const text = date.toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    hour12: false,
  });
  const time = element('time', '', text);
  time.dateTime = time.title = date.toISOString();
  return time;
}
