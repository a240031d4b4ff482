/** Introduction under the empty player, and the state of the model below it. */
import { useStore } from 'zustand';
import { models } from '../../assessment/session.ts';
import { Icon, type IconName } from '../../ui/Icon.tsx';
import { useErrorText } from '../../ui/messages/useMessages.tsx';
import { useAssessMessages } from './messages/useAssessMessages.ts';
import './IntroRow.css';
import { loadDetail } from './RunProgress.tsx';
import { isSmallModel, LARGER_MODEL } from './SmallModelNote.tsx';

export interface IntroPart {
  readonly icon: IconName;
  readonly title: string;
  readonly body: string;
}

/** @param props.others in place of the parts about reasons */
export function IntroRow({ others }: { readonly others?: readonly IntroPart[] }) {
  const t = useAssessMessages();
  const parts: readonly IntroPart[] = [
    {
      icon: 'lock',
      title: t.intro.privateTitle,
      body: t.intro.privateBody,
    },
    ...(others ?? [
      { icon: 'file' as const, title: t.intro.reasonsTitle, body: t.intro.reasonsBody },
      { icon: 'eye' as const, title: t.intro.checkTitle, body: t.intro.checkBody },
    ]),
  ];
  return (
    <div className="assess-intro">
      {parts.map(({ icon, title, body }) => (
        <section key={title}>
          <h2 className="assess-intro__title">
            <Icon name={icon} />
            {title}
          </h2>
          <p className="assess-intro__body">{body}</p>
        </section>
      ))}
    </div>
  );
}

/** `Model ready: Small, 11.2 MB, loaded in 0.6 s`, or its loading progress, or its error. */
export function ModelLine() {
  const t = useAssessMessages();
  const { phase, progress, error, ...model } = useStore(models.store);
  const loaded = model.loaded ?? model.vqa2;
  return (
    <p className="assess-model">
      <span className={`assess-model__dot assess-model__dot--${phase}`} />
      {loaded ? (
        <>
          <span>{t.model.readyLine(loaded.manifest.name, loaded.bytes, loaded.seconds)}</span>
          <span className="assess-model__aside">
            {loaded.backend === 'wasm' ? t.assess.onProcessor : t.time.adapter(loaded.adapter)}
          </span>
        </>
      ) : error ? (
        <ModelFault code={error.code} params={error.params} />
      ) : (
        <span>
          {t.progress.loading}
          {progress && <span className="assess-model__aside"> {loadDetail(progress, t)}</span>}
        </span>
      )}
      {!model.vqa2 && isSmallModel(model.loaded?.manifest ?? null) && (
        <a className="assess-model__larger" href={LARGER_MODEL}>
          {t.small.larger}
        </a>
      )}
    </p>
  );
}

function ModelFault(props: Parameters<typeof useErrorText>[0]) {
  const t = useAssessMessages();
  const { title, body } = useErrorText(props);
  return (
    <span>
      {t.assess.modelMissing}: {title} <span className="assess-model__aside">{body}</span>
    </span>
  );
}
