// [data-send-on-change] around radio buttons or a checkbox: a change shows at once what it means, by sending the form
// without a time. Without JavaScript the button [data-hide-with-script] does the same.
for (const part of document.querySelectorAll("[data-send-on-change]")) {
  part.addEventListener("change", (event) => event.target.form?.requestSubmit());
}
for (const button of document.querySelectorAll("[data-hide-with-script]")) button.hidden = true;
