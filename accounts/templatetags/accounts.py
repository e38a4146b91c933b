"""What other apps' pages need of the sign-in."""

from django import template

from accounts.forms import ContactForm

register = template.Library()


@register.simple_tag
def new_contact_form() -> ContactForm:
    """An empty form for `accounts/_continue_form.html`."""
    return ContactForm()
