"use strict";
// Finishes what a mail is about. Text only ever becomes text: nothing here makes markup of what it is told.
(() => {
  const TEXTS = {
    en: {
      confirm: "Confirm your e-mail address", confirmed: "Your e-mail address is confirmed.", confirmButton: "Confirm",
      stop: "Stop the change of your e-mail address", stopButton: "Stop it and sign out everywhere",
      stopped: "The change is stopped and every session has ended. Set a new password now.",
      reset: "Set a new password", resetButton: "Set password", resetDone: "Your new password is set. Every earlier session has ended.",
      forgot: "Have a link sent to set a new password", forgotButton: "Send the link", forgotDone: "If there is such an account, a mail is on its way.",
      finish: "Finish your account", finishButton: "Finish", finished: "Your account is ready. You can sign in with it.", chosen: "The password you chose",
      invitation: "You are invited to {0}", as: "as {0}, with the address {1}",
      roles: { Owner: "an owner", Colaborador: "a collaborator", Cliente: "a client" },
      have: "I have an account", haveButton: "Sign in and join", fresh: "I am new here", freshButton: "Create an account and join",
      joined: "You are a member of {0} now.", mailed: "Finish your account with the link that we have sent you, then open the invitation again.",
      email: "E-mail address", password: "Password", name: "Your name", terms: "I accept the terms of use", privacy: "I accept the privacy notice",
      missing: "Open the link in the mail once more.", failed: "That did not work; try again in a moment.",
      problems: {
        invalid_link: "This link does not hold any more; ask for another.", weak: "Choose another password: 8 to 128 characters, and not a common one.",
        invitation_unknown: "There is no such invitation.", invitation_used: "This invitation was accepted already.",
        invitation_revoked: "This invitation was withdrawn.", invitation_expired: "This invitation has expired; ask for another one.",
        invalid_credentials: "The password is wrong.", wrong_password: "The password is wrong.", email_taken: "There is an account with this address already: sign in.",
        already_member: "You are a member already.", another_address: "This invitation is for another address.",
        too_many_attempts: "Too many attempts; wait a little.", rate_limited: "Too many attempts; wait a little.",
      },
    },
    es: {
      confirm: "Confirma tu dirección de correo", confirmed: "Tu dirección de correo está confirmada.", confirmButton: "Confirmar",
      stop: "Detén el cambio de tu dirección de correo", stopButton: "Detenerlo y cerrar todas las sesiones",
      stopped: "El cambio está detenido y todas las sesiones están cerradas. Elige ahora una nueva contraseña.",
      reset: "Elige una nueva contraseña", resetButton: "Guardar contraseña", resetDone: "Tu nueva contraseña vale desde ya. Las sesiones anteriores están cerradas.",
      forgot: "Pide un enlace para elegir otra contraseña", forgotButton: "Enviar el enlace", forgotDone: "Si existe esa cuenta, hay un correo en camino.",
      finish: "Completa tu cuenta", finishButton: "Completar", finished: "Tu cuenta está lista. Ya puedes entrar con ella.", chosen: "La contraseña que elegiste",
      invitation: "Te invitan a {0}", as: "como {0}, con la dirección {1}",
      roles: { Owner: "propietario", Colaborador: "colaborador", Cliente: "cliente" },
      have: "Tengo una cuenta", haveButton: "Entrar y unirme", fresh: "Soy nuevo aquí", freshButton: "Crear una cuenta y unirme",
      joined: "Ya eres miembro de {0}.", mailed: "Completa tu cuenta con el enlace que te hemos enviado y abre después la invitación otra vez.",
      email: "Dirección de correo", password: "Contraseña", name: "Tu nombre", terms: "Acepto las condiciones de uso", privacy: "Acepto el aviso de privacidad",
      missing: "Abre otra vez el enlace del correo.", failed: "No ha funcionado; inténtalo de nuevo en un momento.",
      problems: {
        invalid_link: "Este enlace ya no vale; pide otro.", weak: "Elige otra contraseña: de 8 a 128 caracteres y que no sea común.",
        invitation_unknown: "Esa invitación no existe.", invitation_used: "Esta invitación ya fue aceptada.",
        invitation_revoked: "Esta invitación fue retirada.", invitation_expired: "Esta invitación ha caducado; pide otra.",
        invalid_credentials: "La contraseña no es correcta.", wrong_password: "La contraseña no es correcta.", email_taken: "Ya hay una cuenta con esta dirección: entra con ella.",
        already_member: "Ya eres miembro.", another_address: "Esta invitación es para otra dirección.",
        too_many_attempts: "Demasiados intentos; espera un poco.", rate_limited: "Demasiados intentos; espera un poco.",
      },
    },
    pt: {
      confirm: "Confirme o seu endereço de e-mail", confirmed: "O seu endereço de e-mail está confirmado.", confirmButton: "Confirmar",
      stop: "Impeça a mudança do seu endereço de e-mail", stopButton: "Impedir e terminar todas as sessões",
      stopped: "A mudança foi impedida e todas as sessões terminaram. Defina agora uma nova palavra-passe.",
      reset: "Defina uma nova palavra-passe", resetButton: "Guardar palavra-passe", resetDone: "A sua nova palavra-passe já vale. As sessões anteriores terminaram.",
      forgot: "Peça uma ligação para definir outra palavra-passe", forgotButton: "Enviar a ligação", forgotDone: "Se essa conta existir, há uma mensagem a caminho.",
      finish: "Conclua a sua conta", finishButton: "Concluir", finished: "A sua conta está pronta. Já pode entrar com ela.", chosen: "A palavra-passe que escolheu",
      invitation: "Recebeu um convite para {0}", as: "como {0}, com o endereço {1}",
      roles: { Owner: "proprietário", Colaborador: "colaborador", Cliente: "cliente" },
      have: "Tenho uma conta", haveButton: "Entrar e aceitar", fresh: "Ainda não tenho conta", freshButton: "Criar uma conta e aceitar",
      joined: "Já é membro de {0}.", mailed: "Conclua a sua conta com a ligação que lhe enviámos e abra depois o convite outra vez.",
      email: "Endereço de e-mail", password: "Palavra-passe", name: "O seu nome", terms: "Aceito as condições de utilização", privacy: "Aceito o aviso de privacidade",
      missing: "Abra outra vez a ligação da mensagem.", failed: "Não funcionou; tente de novo daqui a pouco.",
      problems: {
        invalid_link: "Esta ligação já não é válida; peça outra.", weak: "Escolha outra palavra-passe: de 8 a 128 caracteres e que não seja comum.",
        invitation_unknown: "Esse convite não existe.", invitation_used: "Este convite já foi aceite.",
        invitation_revoked: "Este convite foi retirado.", invitation_expired: "Este convite expirou; peça outro.",
        invalid_credentials: "A palavra-passe não está certa.", wrong_password: "A palavra-passe não está certa.", email_taken: "Já existe uma conta com este endereço: entre com ela.",
        already_member: "Já é membro.", another_address: "Este convite é para outro endereço.",
        too_many_attempts: "Demasiadas tentativas; espere um pouco.", rate_limited: "Demasiadas tentativas; espere um pouco.",
      },
    },
  };

  const language = (navigator.languages || [navigator.language]).map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in TEXTS) || "en";
  const say = TEXTS[language];
  const main = document.getElementById("page");
  const token = new URLSearchParams(location.hash.slice(1)).get("token") || "";
  // The token stays in this script alone: neither the history nor whoever looks at the screen needs it.
  history.replaceState(null, "", location.pathname);
  document.documentElement.lang = language;

  const filled = (text, ...values) => text.replace(/\{(\d)\}/g, (_, at) => values[at]);

  function element(name, properties, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  async function post(path, body, bearer) {
    const headers = { "Content-Type": "application/json" };
    if (bearer) headers.Authorization = `Bearer ${bearer}`;
    const reply = await fetch(path, { method: "POST", headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await reply.text();
    let answer = null;
    try {
      answer = text ? JSON.parse(text) : null;
    } catch {
      throw new Error(say.failed);
    }
    if (!reply.ok) throw new Error(meaning(answer || {}));
    return { status: reply.status, body: answer };
  }

  function meaning(problem) {
    if (say.problems[problem.code]) return say.problems[problem.code];
    const faults = problem.errors || [];
    if (faults.some((fault) => fault.pointer === "/password")) return say.problems.weak;
    return faults.map((fault) => fault.message).join(" ") || problem.detail || say.failed;
  }

  function show(title, ...content) {
    document.title = title;
    main.replaceChildren(element("h1", { textContent: title }), ...content);
  }

  function said(text) {
    return element("p", { role: "status", textContent: text });
  }

  // fields: [name, label, type, autocomplete]. action: gets their values, answers what to say when it is done.
  function form(fields, button, action) {
    const inputs = fields.map(([name, , type, autocomplete]) => element("input", { name, type, autocomplete: autocomplete || "off", required: true }));
    const labels = fields.map(([, label, type], at) =>
      type === "checkbox" ? element("label", { className: "choice" }, inputs[at], label) : element("label", {}, label, inputs[at]));
    const submit = element("button", { type: "submit", textContent: button });
    const alert = element("p", {});
    alert.setAttribute("role", "alert");
    const made = element("form", {}, ...labels, submit, alert);
    made.addEventListener("submit", async (event) => {
      event.preventDefault();
      submit.disabled = true;
      alert.textContent = "";
      try {
        const values = Object.fromEntries(inputs.map((input) => [input.name, input.type === "checkbox" ? input.checked : input.value]));
        show(document.title, said(await action(values)));
      } catch (error) {
        alert.textContent = error instanceof TypeError ? say.failed : error.message;
        submit.disabled = false;
      }
    });
    return made;
  }

  async function join(signedIn, workspace) {
    const bearer = signedIn.body.access_token;
    try {
      await post("/api/v1/invitations/accept", { token }, bearer);
    } finally {
      await post("/auth/logout", undefined, bearer).catch(() => null);
    }
    return filled(say.joined, workspace);
  }

  async function invitation() {
    const offer = (await post("/api/v1/invitations/preview", { token })).body;
    const workspace = offer.workspace.name;
    const known = form([["password", say.password, "password", "current-password"]], say.haveButton, async ({ password }) =>
      join(await post("/auth/login", { email: offer.email, password }), workspace));
    const name = ["full_name", say.name, "text", "name"];
    const fresh = form(
      [name, ["password", say.password, "password", "new-password"], ["terms", say.terms, "checkbox"], ["privacy", say.privacy, "checkbox"]],
      say.freshButton,
      async ({ full_name, password, terms, privacy }) => {
        const made = await post("/auth/signup", { email: offer.email, password, full_name, consents: { terms, privacy }, locale: language });
        return made.status === 201 ? join(made, workspace) : say.mailed;
      },
    );
    fresh.querySelector("input").value = offer.full_name || "";
    show(
      filled(say.invitation, workspace),
      element("p", { textContent: filled(say.as, say.roles[offer.role], offer.email) }),
      element("h2", { textContent: say.have }), known,
      element("h2", { textContent: say.fresh }), fresh,
    );
  }

  const once = (path, done) => async (values) => {
    await post(path, { token, ...values });
    return done;
  };
  const PAGES = {
    "/confirm-email": () => show(say.confirm, form([], say.confirmButton, once("/auth/email/confirm", say.confirmed))),
    "/stop-email-change": () => show(say.stop, form([], say.stopButton, once("/auth/email/stop", say.stopped))),
    "/reset-password": () =>
      show(say.reset, form([["password", say.password, "password", "new-password"]], say.resetButton, once("/auth/password/reset", say.resetDone))),
    "/finish-signup": () =>
      show(say.finish, form([["password", say.chosen, "password", "current-password"]], say.finishButton, once("/auth/signup/finish", say.finished))),
    "/forgot-password": () =>
      show(say.forgot, form([["email", say.email, "email", "email"]], say.forgotButton, async ({ email }) => {
        await post("/auth/password/forgot", { email });
        return say.forgotDone;
      })),
    "/invitation": () => invitation().catch((error) => show(filled(say.invitation, "…"), said(error instanceof TypeError ? say.failed : error.message))),
  };

  if (!token && location.pathname !== "/forgot-password") show(document.title, said(say.missing));
  else PAGES[location.pathname]();
})();
