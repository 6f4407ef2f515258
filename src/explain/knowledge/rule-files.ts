// Every file of rules, by its name. A new file is added here (a test finds those that are missing).
import type { RuleFile } from "./knowledge.ts";
import aliyun from "./rules/aliyun.json" with { type: "json" };
import amazonSes from "./rules/amazon-ses.json" with { type: "json" };
import apple from "./rules/apple.json" with { type: "json" };
import att from "./rules/att.json" with { type: "json" };
import barracuda from "./rules/barracuda.json" with { type: "json" };
import bigpond from "./rules/bigpond.json" with { type: "json" };
import blocklists from "./rules/blocklists.json" with { type: "json" };
import brevo from "./rules/brevo.json" with { type: "json" };
import centralEuropean from "./rules/central-european.json" with { type: "json" };
import centurylink from "./rules/centurylink.json" with { type: "json" };
import chinese from "./rules/chinese.json" with { type: "json" };
import cisco from "./rules/cisco.json" with { type: "json" };
import cloudmark from "./rules/cloudmark.json" with { type: "json" };
import comcast from "./rules/comcast.json" with { type: "json" };
import coremail from "./rules/coremail.json" with { type: "json" };
import cox from "./rules/cox.json" with { type: "json" };
import daum from "./rules/daum.json" with { type: "json" };
import docomo from "./rules/docomo.json" with { type: "json" };
import dutch from "./rules/dutch.json" with { type: "json" };
import earthlink from "./rules/earthlink.json" with { type: "json" };
import englishAddresses from "./rules/english-addresses.json" with { type: "json" };
import englishAdmins from "./rules/english-admins.json" with { type: "json" };
import englishContent from "./rules/english-content.json" with { type: "json" };
import englishLimits from "./rules/english-limits.json" with { type: "json" };
import englishMailboxes from "./rules/english-mailboxes.json" with { type: "json" };
import englishNetwork from "./rules/english-network.json" with { type: "json" };
import englishPolicy from "./rules/english-policy.json" with { type: "json" };
import englishReputation from "./rules/english-reputation.json" with { type: "json" };
import englishSenders from "./rules/english-senders.json" with { type: "json" };
import englishSystems from "./rules/english-systems.json" with { type: "json" };
import europeanProviders from "./rules/european-providers.json" with { type: "json" };
import fastmail from "./rules/fastmail.json" with { type: "json" };
import fortinet from "./rules/fortinet.json" with { type: "json" };
import free from "./rules/free.json" with { type: "json" };
import french from "./rules/french.json" with { type: "json" };
import german from "./rules/german.json" with { type: "json" };
import gmxWebdeIonos from "./rules/gmx-webde-ionos.json" with { type: "json" };
import godaddySecureserver from "./rules/godaddy-secureserver.json" with { type: "json" };
import google from "./rules/google.json" with { type: "json" };
import iUa from "./rules/i-ua.json" with { type: "json" };
import improvmx from "./rules/improvmx.json" with { type: "json" };
import italian from "./rules/italian.json" with { type: "json" };
import japanese from "./rules/japanese.json" with { type: "json" };
import japaneseProviders from "./rules/japanese-providers.json" with { type: "json" };
import kddi from "./rules/kddi.json" with { type: "json" };
import korean from "./rules/korean.json" with { type: "json" };
import mailFilters from "./rules/mail-filters.json" with { type: "json" };
import mailRu from "./rules/mail-ru.json" with { type: "json" };
import mailchannels from "./rules/mailchannels.json" with { type: "json" };
import mailchimpMandrill from "./rules/mailchimp-mandrill.json" with { type: "json" };
import mailgun from "./rules/mailgun.json" with { type: "json" };
import mailjet from "./rules/mailjet.json" with { type: "json" };
import mcafeeMxlogic from "./rules/mcafee-mxlogic.json" with { type: "json" };
import messagelabs from "./rules/messagelabs.json" with { type: "json" };
import microsoft from "./rules/microsoft.json" with { type: "json" };
import mimecast from "./rules/mimecast.json" with { type: "json" };
import naver from "./rules/naver.json" with { type: "json" };
import netease from "./rules/netease.json" with { type: "json" };
import nordic from "./rules/nordic.json" with { type: "json" };
import orangeLaposte from "./rules/orange-laposte.json" with { type: "json" };
import otherLanguages from "./rules/other-languages.json" with { type: "json" };
import polish from "./rules/polish.json" with { type: "json" };
import portuguese from "./rules/portuguese.json" with { type: "json" };
import postmark from "./rules/postmark.json" with { type: "json" };
import proofpoint from "./rules/proofpoint.json" with { type: "json" };
import protonHey from "./rules/proton-hey.json" with { type: "json" };
import qmail from "./rules/qmail.json" with { type: "json" };
import qq from "./rules/qq.json" with { type: "json" };
import rambler from "./rules/rambler.json" with { type: "json" };
import russian from "./rules/russian.json" with { type: "json" };
import sendgrid from "./rules/sendgrid.json" with { type: "json" };
import sfr from "./rules/sfr.json" with { type: "json" };
import sina from "./rules/sina.json" with { type: "json" };
import spamexperts from "./rules/spamexperts.json" with { type: "json" };
import spamhaus from "./rules/spamhaus.json" with { type: "json" };
import spanish from "./rules/spanish.json" with { type: "json" };
import sparkpost from "./rules/sparkpost.json" with { type: "json" };
import spectrum from "./rules/spectrum.json" with { type: "json" };
import tOnline from "./rules/t-online.json" with { type: "json" };
import topicWords from "./rules/topic-words.json" with { type: "json" };
import trendMicro from "./rules/trend-micro.json" with { type: "json" };
import trustwaveMailmarshal from "./rules/trustwave-mailmarshal.json" with { type: "json" };
import turkish from "./rules/turkish.json" with { type: "json" };
import ukrainian from "./rules/ukrainian.json" with { type: "json" };
import unitedOnline from "./rules/united-online.json" with { type: "json" };
import vadeHornetsecurity from "./rules/vade-hornetsecurity.json" with { type: "json" };
import verizon from "./rules/verizon.json" with { type: "json" };
import waybill from "./rules/waybill.json" with { type: "json" };
import yahooAol from "./rules/yahoo-aol.json" with { type: "json" };
import yandex from "./rules/yandex.json" with { type: "json" };
import zoho from "./rules/zoho.json" with { type: "json" };

export const ruleFiles: Readonly<Record<string, RuleFile>> = {
  aliyun,
  "amazon-ses": amazonSes,
  apple,
  att,
  barracuda,
  bigpond,
  blocklists,
  brevo,
  "central-european": centralEuropean,
  centurylink,
  chinese,
  cisco,
  cloudmark,
  comcast,
  coremail,
  cox,
  daum,
  docomo,
  dutch,
  earthlink,
  "english-addresses": englishAddresses,
  "english-admins": englishAdmins,
  "english-content": englishContent,
  "english-limits": englishLimits,
  "english-mailboxes": englishMailboxes,
  "english-network": englishNetwork,
  "english-policy": englishPolicy,
  "english-reputation": englishReputation,
  "english-senders": englishSenders,
  "english-systems": englishSystems,
  "european-providers": europeanProviders,
  fastmail,
  fortinet,
  free,
  french,
  german,
  "gmx-webde-ionos": gmxWebdeIonos,
  "godaddy-secureserver": godaddySecureserver,
  google,
  "i-ua": iUa,
  improvmx,
  italian,
  japanese,
  "japanese-providers": japaneseProviders,
  kddi,
  korean,
  "mail-filters": mailFilters,
  "mail-ru": mailRu,
  mailchannels,
  "mailchimp-mandrill": mailchimpMandrill,
  mailgun,
  mailjet,
  "mcafee-mxlogic": mcafeeMxlogic,
  messagelabs,
  microsoft,
  mimecast,
  naver,
  netease,
  nordic,
  "orange-laposte": orangeLaposte,
  "other-languages": otherLanguages,
  polish,
  portuguese,
  postmark,
  proofpoint,
  "proton-hey": protonHey,
  qmail,
  qq,
  rambler,
  russian,
  sendgrid,
  sfr,
  sina,
  spamexperts,
  spamhaus,
  spanish,
  sparkpost,
  spectrum,
  "t-online": tOnline,
  "topic-words": topicWords,
  "trend-micro": trendMicro,
  "trustwave-mailmarshal": trustwaveMailmarshal,
  turkish,
  ukrainian,
  "united-online": unitedOnline,
  "vade-hornetsecurity": vadeHornetsecurity,
  verizon,
  waybill,
  "yahoo-aol": yahooAol,
  yandex,
  zoho,
};
