"""Who somebody is: registration, email addresses, passwords, sign-in, second factor."""
