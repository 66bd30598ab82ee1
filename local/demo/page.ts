import { copyOf, element, part } from './element.ts';
import type { DemoOutputs } from './outputs.ts';
import { Person } from './person.ts';
import { loadOutputs } from './sign-in.ts';

/** The demo page: two people who talk, and two who may do less, each connected once somebody wants to see them. */
const talking = ['bob', 'carol'];
const others = [
  { name: 'vera', title: 'vera, a viewer: may read, and is refused when she sends' },
  { name: 'mallory', title: 'mallory, a stranger: may neither read nor send' },
];

function placeNamed(id: string): HTMLElement {
  const place = document.getElementById(id);
  if (!place) throw new Error(`The page has no ${id}`);
  return place;
}

function personIn(outputs: DemoOutputs, name: string): Person {
  const person = outputs.people.find(({ username }) => username === name);
  if (!person) throw new Error(`The embedded cloud has no ${name}`);
  return new Person(person, outputs);
}

/** A person behind a heading, who connects when it is unfolded for the first time. */
function visitor(outputs: DemoOutputs, name: string, title: string): DocumentFragment {
  const copy = copyOf('visitor');
  const place = part(copy, 'place', HTMLElement);
  part(copy, 'title', HTMLElement).textContent = title;
  copy.querySelector('details')?.addEventListener(
    'toggle',
    () => {
      const person = personIn(outputs, name);
      place.replaceWith(person.element);
      void person.join();
    },
    { once: true },
  );
  return copy;
}

async function show(): Promise<void> {
  const outputs = await loadOutputs();
  placeNamed('chat').replaceChildren(element('code', '', outputs.chatId));
  const people = talking.map((name) => personIn(outputs, name));
  placeNamed('people').append(...people.map((person) => person.element));
  placeNamed('others').append(...others.map(({ name, title }) => visitor(outputs, name, title)));
  await Promise.all(people.map((person) => person.join()));
}

// A file that misses a person must not replace the page.
for (const event of ['dragover', 'drop']) document.addEventListener(event, (missed) => missed.preventDefault());

show().catch((error: unknown) => {
  const failure = placeNamed('failure');
  failure.textContent = error instanceof Error ? error.message : String(error);
  failure.hidden = false;
});
